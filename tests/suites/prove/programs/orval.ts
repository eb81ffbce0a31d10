// Call the ten operations with the functions that orval makes; the address and the key are put in by fetch, as its
// functions name neither.

import {
  deletePerson,
  deletePersonProperty,
  getPerson,
  getPersonPropertiesTimeline,
  getTrend,
  listPersonActivity,
  listPersons,
  queryTrend,
  recordInsightTiming,
  updatePerson,
} from "./client";
import type { PersonPage, Trend } from "./client";
import { days, host, key, names, project, same, there } from "./known";

const plain = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("Authorization", `Bearer ${key}`);
  return plain(new URL(String(input), host), { ...init, headers });
};

function trend(answer: Trend): void {
  const series = there("series", answer.result[0]);
  same("data", series.data, [1, 2, 1, 1]);
  same("days", series.days, days);
  same("count", series.count, 5);
  same("label", series.label, "$pageview");
}

/** Return the body of an answer that must have the given status. */
function body<A extends { status: number; data: unknown }, S extends A["status"]>(
  answer: A,
  status: S,
): Extract<A, { status: S }>["data"] {
  same("status", answer.status, status);
  return answer.data as Extract<A, { status: S }>["data"];
}

async function main(): Promise<void> {
  const page = body(await listPersons(project, { include_total: true }), 200) as PersonPage;
  same("count", page.count, 3);
  same("next", page.next, null);
  same("names", page.results.map((one) => one.name), names);
  const ada = there("ada", page.results[2]).uuid;
  const bob = there("bob", page.results[1]).uuid;
  same("id in the list", page.results[2]?.id, ada);

  const person = body(await getPerson(project, ada), 200);
  same("uuid", person.uuid, ada);
  same("id", person.id, 1);
  same("distinct_ids", person.distinct_ids, ["ada"]);
  same("properties", person.properties, { email: "ada@example.com", plan: "pro" });
  same("created_at", person.created_at, "2026-01-05T10:00:00Z");

  const timeline = body(
    await getPersonPropertiesTimeline(project, ada, {
      date_from: "2026-01-01",
      date_to: "2026-01-09",
      breakdown: "plan",
      breakdown_type: "person",
    }),
    200,
  );
  same("points", timeline.points.map((point) => point.relevant_event_count), [2, 1]);
  same("plans", timeline.points.map((point) => (point.properties as { plan: string }).plan), ["free", "pro"]);
  same("timestamp", timeline.points[1]?.timestamp, "2026-01-07T10:00:00.000000Z");
  same("crucial_property_keys", timeline.crucial_property_keys, ["plan"]);

  const changed = body(await updatePerson(project, ada, { properties: { plan: "team" } }), 200);
  same("properties", changed.properties, { email: "ada@example.com", plan: "team" });

  body(await deletePersonProperty(project, ada, { $unset: "plan" }, { $unset: "plan" }), 200);
  same("properties", body(await getPerson(project, ada), 200).properties, { email: "ada@example.com" });

  const log = body(await listPersonActivity(project, ada, { page: 1, limit: 1 }), 200);
  same("total_count", log.total_count, 2);
  same("activity", log.results.map((entry) => entry.activity), ["delete_property"]);
  same("item_id", log.results[0]?.item_id, "1");
  same("changes", log.results[0]?.detail?.changes?.[0]?.action, "changed");

  const span = { date_from: "2026-01-05", date_to: "2026-01-08", interval: "day" } as const;
  trend(body(await getTrend(project, { events: '[{"id":"$pageview"}]', ...span }), 200) as Trend);
  trend(body(await queryTrend(project, { events: [{ id: "$pageview" }], ...span }), 200) as Trend);

  body(await recordInsightTiming(project, { name: "Weekly sign-ups" }), 200);

  body(await deletePerson(project, bob, { delete_events: true }), 204);
  same("code", body(await getPerson(project, bob), 404).code, "not_found");
}

main().catch((error: unknown) => {
  console.error(String(error));
  process.exitCode = 1;
});
