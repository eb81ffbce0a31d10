// Call the operations with the functions that orval makes; the address and the key are put in by fetch, as its
// functions name neither.

import * as api from "./client";
import type { ApiErrorBody } from "./client";
import { ada, bob, fail, host, key, project, run } from "./known";
import type { Row } from "./known";
import { log, nothing, page, person, properties, timeline, trend } from "./readers";

const plain = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("Authorization", `Bearer ${key}`);
  return plain(new URL(String(input), host), { ...init, headers });
};

function row<A extends { status: number; data: unknown }, T extends Extract<A, { status: 200 | 204 }>["data"]>(
  name: string,
  call: () => Promise<A>,
  read: (data: T) => unknown,
): Row {
  return [
    name,
    async () => {
      const answer = await call();
      return [answer.status, answer.status < 300 ? read(answer.data as T) : (answer.data as ApiErrorBody).code];
    },
  ];
}

const span = { date_from: "2026-01-05", date_to: "2026-01-08", interval: "day" } as const;

run([
  row("listPersons", () => api.listPersons(project, { include_total: true }), page),
  row("getPerson", () => api.getPerson(project, ada), person),
  row("getPersonPropertiesTimeline", () => api.getPersonPropertiesTimeline(project, ada, { date_from: "2026-01-01", date_to: "2026-01-09", breakdown: "plan", breakdown_type: "person" }), timeline),
  row("updatePerson", () => api.updatePerson(project, ada, { properties: { plan: "team" } }), properties),
  row("deletePersonProperty", () => api.deletePersonProperty(project, ada, { $unset: "plan" }, { $unset: "plan" }), nothing),
  row("getPerson", () => api.getPerson(project, ada), person),
  row("listPersonActivity", () => api.listPersonActivity(project, ada, { page: 1, limit: 1 }), log),
  row("queryTrend", () => api.queryTrend(project, { events: [{ id: "$pageview" }], ...span }), trend),
  row("getTrend", () => api.getTrend(project, { events: '[{"id":"$pageview"}]', ...span }), trend),
  row("recordInsightTiming", () => api.recordInsightTiming(project, { name: "Weekly sign-ups" }), nothing),
  row("deletePerson", () => api.deletePerson(project, bob, { delete_events: true }), nothing),
  row("getPerson", () => api.getPerson(project, bob), person),
]).catch(fail);
