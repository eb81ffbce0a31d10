// Call the operations with the client that @hey-api/openapi-ts makes.

import type { ApiErrorBody } from "./client";
import { client } from "./client/client.gen";
import * as api from "./client/sdk.gen";
import { ada, bob, fail, host, key, project, run, there } from "./known";
import type { Row } from "./known";
import { log, nothing, page, person, properties, timeline, trend } from "./readers";

client.setConfig({ baseUrl: host, auth: key });

function row<A extends { data?: unknown; error?: ApiErrorBody | undefined; response?: Response }, T extends A["data"]>(
  name: string,
  call: () => Promise<A>,
  read: (data: T) => unknown,
): Row {
  return [
    name,
    async () => {
      const answer = await call();
      return [there("response", answer.response).status, answer.error ? answer.error.code : read(answer.data as T)];
    },
  ];
}

const inProject = { project_id: project };
const ofAda = { project_id: project, id: ada };
const ofBob = { project_id: project, id: bob };
const history = { date_from: "2026-01-01", date_to: "2026-01-09", breakdown: "plan", breakdown_type: "person" } as const;
const span = { date_from: "2026-01-05", date_to: "2026-01-08", interval: "day" } as const;

run([
  row("listPersons", () => api.listPersons({ path: inProject, query: { include_total: true } }), page),
  row("getPerson", () => api.getPerson({ path: ofAda }), person),
  row("getPersonPropertiesTimeline", () => api.getPersonPropertiesTimeline({ path: ofAda, query: history }), timeline),
  row("updatePerson", () => api.updatePerson({ path: ofAda, body: { properties: { plan: "team" } } }), properties),
  row("deletePersonProperty", () => api.deletePersonProperty({ path: ofAda, query: { $unset: "plan" }, body: { $unset: "plan" } }), nothing),
  row("getPerson", () => api.getPerson({ path: ofAda }), person),
  row("listPersonActivity", () => api.listPersonActivity({ path: ofAda, query: { page: 1, limit: 1 } }), log),
  row("queryTrend", () => api.queryTrend({ path: inProject, body: { events: [{ id: "$pageview" }], ...span } }), trend),
  row("getTrend", () => api.getTrend({ path: inProject, query: { events: '[{"id":"$pageview"}]', ...span } }), trend),
  row("recordInsightTiming", () => api.recordInsightTiming({ path: inProject, body: { name: "Weekly sign-ups" } }), nothing),
  row("deletePerson", () => api.deletePerson({ path: ofBob, query: { delete_events: true } }), nothing),
  row("getPerson", () => api.getPerson({ path: ofBob }), person),
]).catch(fail);
