// Call the ten operations with the client that @hey-api/openapi-ts makes.

import { client } from "./client/client.gen";
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
} from "./client/sdk.gen";
import type { PersonPage, Trend } from "./client/types.gen";
import { days, host, json, key, names, project, same, there } from "./known";

client.setConfig({ baseUrl: host, auth: key });

function trend(answer: Trend): void {
  const series = there("series", answer.result[0]);
  same("data", series.data, [1, 2, 1, 1]);
  same("days", series.days, days);
  same("count", series.count, 5);
  same("label", series.label, "$pageview");
}

async function main(): Promise<void> {
  const list = await listPersons({ path: { project_id: project }, query: { include_total: true } });
  const page = json<PersonPage>(list.data);
  same("count", page.count, 3);
  same("next", page.next, null);
  same("names", page.results.map((one) => one.name), names);
  const ada = there("ada", page.results[2]).uuid;
  const bob = there("bob", page.results[1]).uuid;
  same("id in the list", page.results[2]?.id, ada);

  const path = { project_id: project, id: ada };
  const person = there("person", (await getPerson({ path })).data);
  same("uuid", person.uuid, ada);
  same("id", person.id, 1);
  same("distinct_ids", person.distinct_ids, ["ada"]);
  same("properties", person.properties, { email: "ada@example.com", plan: "pro" });
  same("created_at", person.created_at, "2026-01-05T10:00:00Z");

  const query = { date_from: "2026-01-01", date_to: "2026-01-09", breakdown: "plan", breakdown_type: "person" } as const;
  const timeline = there("timeline", (await getPersonPropertiesTimeline({ path, query })).data);
  same("points", timeline.points.map((point) => point.relevant_event_count), [2, 1]);
  same("plans", timeline.points.map((point) => (point.properties as { plan: string }).plan), ["free", "pro"]);
  same("timestamp", timeline.points[1]?.timestamp, "2026-01-07T10:00:00.000000Z");
  same("crucial_property_keys", timeline.crucial_property_keys, ["plan"]);

  const update = await updatePerson({ path, body: { properties: { plan: "team" } } });
  const changed = there("person", update.data) as { properties?: unknown };
  same("properties", changed.properties, { email: "ada@example.com", plan: "team" });

  const removal = await deletePersonProperty({ path, query: { $unset: "plan" }, body: { $unset: "plan" } });
  same("status", removal.response?.status, 200);
  same("properties", there("person", (await getPerson({ path })).data).properties, { email: "ada@example.com" });

  const log = there("log", (await listPersonActivity({ path, query: { page: 1, limit: 1 } })).data);
  same("total_count", log.total_count, 2);
  same("activity", log.results.map((entry) => entry.activity), ["delete_property"]);
  same("item_id", log.results[0]?.item_id, "1");
  same("changes", log.results[0]?.detail?.changes?.[0]?.action, "changed");

  const span = { date_from: "2026-01-05", date_to: "2026-01-08", interval: "day" } as const;
  const asked = await getTrend({ path: { project_id: project }, query: { events: '[{"id":"$pageview"}]', ...span } });
  trend(json<Trend>(asked.data));
  const queried = await queryTrend({ path: { project_id: project }, body: { events: [{ id: "$pageview" }], ...span } });
  trend(json<Trend>(queried.data));

  const timing = await recordInsightTiming({ path: { project_id: project }, body: { name: "Weekly sign-ups" } });
  same("status", timing.response?.status, 200);

  const gone = await deletePerson({ path: { project_id: project, id: bob }, query: { delete_events: true } });
  same("status", gone.response?.status, 204);
  same("code", there("error", (await getPerson({ path: { project_id: project, id: bob } })).error).code, "not_found");
}

main().catch((error: unknown) => {
  console.error(String(error));
  process.exitCode = 1;
});
