// Call the operations with the client that openapi-generator makes as typescript-fetch.

import { ApiErrorBodyFromJSON, Configuration, InsightsApi, PersonsApi, ResponseError } from "./client/index";
import type { ActivityPage, Person, PersonPage, PropertiesTimeline, Trend } from "./client/index";
import { ada, bob, fail, host, key, project as projectId, run } from "./known";
import type { Row } from "./known";

const configuration = new Configuration({ basePath: host, accessToken: key });
const persons = new PersonsApi(configuration);
const insights = new InsightsApi(configuration);

function row<T>(
  name: string,
  call: () => Promise<{ raw: Response; value(): Promise<T> }>,
  read: (value: T) => unknown,
): Row {
  return [
    name,
    async () => {
      try {
        const answer = await call();
        return [answer.raw.status, read(await answer.value())];
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        return [error.response.status, ApiErrorBodyFromJSON(await error.response.json()).code];
      }
    },
  ];
}

const page = (found: PersonPage) => [
  found.count,
  found.next,
  found.results.map((one) => one.name),
  found.results[2]?.id,
];
const person = (found: Person) => [found.uuid, found.id, found.distinctIds, found.properties, moment(found.createdAt)];
const timeline = (found: PropertiesTimeline) => [
  found.points.map((point) => point.relevantEventCount),
  found.points.map((point) => (point.properties as { plan: string }).plan),
  moment(found.points[1]?.timestamp),
  found.crucialPropertyKeys,
];
const properties = (found: Person | null | undefined) => found?.properties;
const log = (found: ActivityPage) => [
  found.totalCount,
  found.results.map((entry) => entry.activity),
  found.results[0]?.itemId,
  found.results[0]?.detail?.changes?.[0]?.action,
];
const trend = (found: Trend) => found.result.map((series) => [series.data, series.days, series.count, series.label]);
const nothing = () => null;

/** Write a moment, which must have been read as one. */
const moment = (found: Date | null | undefined) => found?.toISOString();

const ofAda = { projectId, id: ada };
const ofBob = { projectId, id: bob };
const span = { dateFrom: "2026-01-05", dateTo: "2026-01-08", interval: "day" } as const;

run([
  row("listPersons", () => persons.listPersonsRaw({ projectId, includeTotal: true }), page),
  row("getPerson", () => persons.getPersonRaw(ofAda), person),
  row("getPersonPropertiesTimeline", () => persons.getPersonPropertiesTimelineRaw({ ...ofAda, dateFrom: "2026-01-01", dateTo: "2026-01-09", breakdown: "plan", breakdownType: "person" }), timeline),
  row("updatePerson", () => persons.updatePersonRaw({ ...ofAda, personUpdate: { properties: { plan: "team" } } }), properties),
  row("deletePersonProperty", () => persons.deletePersonPropertyRaw({ ...ofAda, $unset: "plan", propertyDeletion: { $unset: "plan" } }), nothing),
  row("getPerson", () => persons.getPersonRaw(ofAda), person),
  row("listPersonActivity", () => persons.listPersonActivityRaw({ ...ofAda, page: 1, limit: 1 }), log),
  row("queryTrend", () => insights.queryTrendRaw({ projectId, trendQuery: { events: [{ id: "$pageview" }], ...span } }), trend),
  row("getTrend", () => insights.getTrendRaw({ projectId, events: '[{"id":"$pageview"}]', ...span }), trend),
  row("recordInsightTiming", () => insights.recordInsightTimingRaw({ projectId, insightTiming: { name: "Weekly sign-ups" } }), nothing),
  row("deletePerson", () => persons.deletePersonRaw({ ...ofBob, deleteEvents: true }), nothing),
  row("getPerson", () => persons.getPersonRaw(ofBob), person),
]).catch(fail);
