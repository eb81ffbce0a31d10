// Call the ten operations with the client that openapi-generator makes as typescript-fetch.

import { Configuration, InsightsApi, PersonsApi, ResponseError } from "./client/index";
import type { Trend } from "./client/index";
import { days, host, key, names, project as projectId, same, there } from "./known";

const configuration = new Configuration({ basePath: host, accessToken: key });
const persons = new PersonsApi(configuration);
const insights = new InsightsApi(configuration);

function trend(answer: Trend): void {
  const series = there("series", answer.result[0]);
  same("data", series.data, [1, 2, 1, 1]);
  same("days", series.days, days);
  same("count", series.count, 5);
  same("label", series.label, "$pageview");
}

async function main(): Promise<void> {
  const page = await persons.listPersons({ projectId, includeTotal: true });
  same("count", page.count, 3);
  same("next", page.next, null);
  same("names", page.results.map((one) => one.name), names);
  const ada = there("ada", page.results[2]).uuid;
  const bob = there("bob", page.results[1]).uuid;
  same("id in the list", page.results[2]?.id, ada);

  const person = await persons.getPerson({ projectId, id: ada });
  same("uuid", person.uuid, ada);
  same("id", person.id, 1);
  same("distinct_ids", person.distinctIds, ["ada"]);
  same("properties", person.properties, { email: "ada@example.com", plan: "pro" });
  same("created_at", person.createdAt, new Date("2026-01-05T10:00:00Z"));

  const timeline = await persons.getPersonPropertiesTimeline({
    projectId,
    id: ada,
    dateFrom: "2026-01-01",
    dateTo: "2026-01-09",
    breakdown: "plan",
    breakdownType: "person",
  });
  same("points", timeline.points.map((point) => point.relevantEventCount), [2, 1]);
  same("plans", timeline.points.map((point) => (point.properties as { plan: string }).plan), ["free", "pro"]);
  same("timestamp", timeline.points[1]?.timestamp, new Date("2026-01-07T10:00:00Z"));
  same("crucial_property_keys", timeline.crucialPropertyKeys, ["plan"]);

  const changed = await persons.updatePerson({ projectId, id: ada, personUpdate: { properties: { plan: "team" } } });
  same("properties", there("person", changed).properties, { email: "ada@example.com", plan: "team" });

  const removal = await persons.deletePersonPropertyRaw({
    projectId,
    id: ada,
    propertyDeletion: { $unset: "plan" },
    $unset: "plan",
  });
  same("status", removal.raw.status, 200);
  same("properties", (await persons.getPerson({ projectId, id: ada })).properties, { email: "ada@example.com" });

  const log = await persons.listPersonActivity({ projectId, id: ada, page: 1, limit: 1 });
  same("total_count", log.totalCount, 2);
  same("activity", log.results.map((entry) => entry.activity), ["delete_property"]);
  same("item_id", log.results[0]?.itemId, "1");
  same("changes", log.results[0]?.detail?.changes?.[0]?.action, "changed");

  const span = { dateFrom: "2026-01-05", dateTo: "2026-01-08", interval: "day" } as const;
  trend(await insights.getTrend({ projectId, events: '[{"id":"$pageview"}]', ...span }));
  trend(await insights.queryTrend({ projectId, trendQuery: { events: [{ id: "$pageview" }], ...span } }));

  const timing = await insights.recordInsightTimingRaw({ projectId, insightTiming: { name: "Weekly sign-ups" } });
  same("status", timing.raw.status, 200);

  const gone = await persons.deletePersonRaw({ projectId, id: bob, deleteEvents: true });
  same("status", gone.raw.status, 204);
  const missing: unknown = await persons.getPerson({ projectId, id: bob }).catch((error: unknown) => error);
  if (!(missing instanceof ResponseError)) throw new Error("bob is still there");
  same("status", missing.response.status, 404);
}

main().catch((error: unknown) => {
  console.error(String(error));
  process.exitCode = 1;
});
