// What is read in the answers, of clients whose records have the names of the contract.

import type { ActivityPage, Person, PersonPage, PropertiesTimeline, Trend } from "./client";
import { there } from "./known";

export const page = (found: PersonPage) => [
  found.count,
  found.next,
  found.results.map((one) => one.name),
  there("id", found.results[2]?.id),
];
export const person = (found: Person) => [
  found.uuid,
  found.id,
  found.distinct_ids,
  found.properties,
  found.created_at,
];
export const timeline = (found: PropertiesTimeline) => [
  found.points.map((point) => point.relevant_event_count),
  found.points.map((point) => (point.properties as { plan: string }).plan),
  found.points[1]?.timestamp,
  found.crucial_property_keys,
];
export const properties = (found: Person) => found.properties;
export const log = (found: ActivityPage) => [
  found.total_count,
  found.results.map((entry) => entry.activity),
  found.results[0]?.item_id,
  found.results[0]?.detail?.changes?.[0]?.action,
];
export const trend = (found: Trend) => found.result.map((series) => [series.data, series.days, series.count, series.label]);
export const nothing = () => null;
