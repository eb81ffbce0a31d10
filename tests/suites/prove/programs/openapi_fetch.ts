// Call the operations with openapi-fetch on the types that openapi-typescript makes. Bodies and queries
// are typed here, for openapi-fetch takes any further field.

import createClient from "openapi-fetch";
import type { ApiErrorBody, InsightTiming, PersonUpdate, PropertyDeletion, TrendQuery, operations, paths } from "./client";
import { ada, bob, fail, host, key, project, run } from "./known";
import type { Row } from "./known";
import { log, nothing, page, person, properties, timeline, trend } from "./readers";

const api = createClient<paths>({ baseUrl: host, headers: { Authorization: `Bearer ${key}` } });

type Query<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;

function row<A extends { data?: unknown; error?: ApiErrorBody; response: Response }, T extends A["data"]>(
  name: keyof operations,
  call: () => Promise<A>,
  read: (data: T) => unknown,
): Row {
  return [
    name,
    async () => {
      const answer = await call();
      return [answer.response.status, answer.error ? answer.error.code : read(answer.data as T)];
    },
  ];
}

const persons = "/api/environments/{project_id}/persons/";
const insights = "/api/environments/{project_id}/insights/";
const inProject = { project_id: project };
const ofAda = { project_id: project, id: ada };
const ofBob = { project_id: project, id: bob };
const all: Query<"listPersons"> = { include_total: true };
const history: Query<"getPersonPropertiesTimeline"> = {
  date_from: "2026-01-01",
  date_to: "2026-01-09",
  breakdown: "plan",
  breakdown_type: "person",
};
const update: PersonUpdate = { properties: { plan: "team" } };
const plan: Query<"deletePersonProperty"> = { $unset: "plan" };
const removal: PropertyDeletion = { $unset: "plan" };
const first: Query<"listPersonActivity"> = { page: 1, limit: 1 };
const span = { date_from: "2026-01-05", date_to: "2026-01-08", interval: "day" };
const asked: Query<"getTrend"> = { events: '[{"id":"$pageview"}]', ...span };
const question: TrendQuery = { events: [{ id: "$pageview" }], ...span };
const timing: InsightTiming = { name: "Weekly sign-ups" };
const withEvents: Query<"deletePerson"> = { delete_events: true };

run([
  row("listPersons", () => api.GET(persons, { params: { path: inProject, query: all } }), page),
  row("getPerson", () => api.GET(`${persons}{id}/`, { params: { path: ofAda } }), person),
  row("getPersonPropertiesTimeline", () => api.GET(`${persons}{id}/properties_timeline/`, { params: { path: ofAda, query: history } }), timeline),
  row("updatePerson", () => api.PATCH(`${persons}{id}/`, { params: { path: ofAda }, body: update }), properties),
  row("deletePersonProperty", () => api.POST(`${persons}{id}/delete_property/`, { params: { path: ofAda, query: plan }, body: removal }), nothing),
  row("getPerson", () => api.GET(`${persons}{id}/`, { params: { path: ofAda } }), person),
  row("listPersonActivity", () => api.GET(`${persons}{id}/activity/`, { params: { path: ofAda, query: first } }), log),
  row("queryTrend", () => api.POST(`${insights}trend/`, { params: { path: inProject }, body: question }), trend),
  row("getTrend", () => api.GET(`${insights}trend/`, { params: { path: inProject, query: asked } }), trend),
  row("recordInsightTiming", () => api.POST(`${insights}timing/`, { params: { path: inProject }, body: timing }), nothing),
  row("deletePerson", () => api.DELETE(`${persons}{id}/`, { params: { path: ofBob, query: withEvents } }), nothing),
  row("getPerson", () => api.GET(`${persons}{id}/`, { params: { path: ofBob } }), person),
]).catch(fail);
