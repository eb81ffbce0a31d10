// Call the ten operations with openapi-fetch on the types that openapi-typescript makes. Bodies and queries
// are typed here, for openapi-fetch takes any further field.

import createClient from "openapi-fetch";
import { days, host, json, key, names, project, same, there } from "./known";
import type { components, operations, paths } from "./client";

const client = createClient<paths>({ baseUrl: host, headers: { Authorization: `Bearer ${key}` } });

type Schemas = components["schemas"];
type Trend = Schemas["Trend"];
type Query<Name extends keyof operations> = NonNullable<operations[Name]["parameters"]["query"]>;

function trend(answer: Trend): void {
  const series = there("series", answer.result[0]);
  same("data", series.data, [1, 2, 1, 1]);
  same("days", series.days, days);
  same("count", series.count, 5);
  same("label", series.label, "$pageview");
}

async function main(): Promise<void> {
  const list = await client.GET("/api/environments/{project_id}/persons/", {
    params: { path: { project_id: project }, query: { include_total: true } satisfies Query<"listPersons"> },
  });
  const page = json<Schemas["PersonPage"]>(list.data);
  same("count", page.count, 3);
  same("next", page.next, null);
  same("names", page.results.map((one) => one.name), names);
  const ada = there("ada", page.results[2]).uuid;
  const bob = there("bob", page.results[1]).uuid;
  same("id in the list", page.results[2]?.id, ada);

  async function get(id: string) {
    return client.GET("/api/environments/{project_id}/persons/{id}/", { params: { path: { project_id: project, id } } });
  }
  const person = there("person", (await get(ada)).data);
  same("uuid", person.uuid, ada);
  same("id", person.id, 1);
  same("distinct_ids", person.distinct_ids, ["ada"]);
  same("properties", person.properties, { email: "ada@example.com", plan: "pro" });
  same("created_at", person.created_at, "2026-01-05T10:00:00Z");

  const path = { project_id: project, id: ada };
  const history = await client.GET("/api/environments/{project_id}/persons/{id}/properties_timeline/", {
    params: {
      path,
      query: {
        date_from: "2026-01-01",
        date_to: "2026-01-09",
        breakdown: "plan",
        breakdown_type: "person",
      } satisfies Query<"getPersonPropertiesTimeline">,
    },
  });
  const timeline = there("timeline", history.data);
  same("points", timeline.points.map((point) => point.relevant_event_count), [2, 1]);
  same("plans", timeline.points.map((point) => (point.properties as { plan: string }).plan), ["free", "pro"]);
  same("timestamp", timeline.points[1]?.timestamp, "2026-01-07T10:00:00.000000Z");
  same("crucial_property_keys", timeline.crucial_property_keys, ["plan"]);

  const update = await client.PATCH("/api/environments/{project_id}/persons/{id}/", {
    params: { path },
    body: { properties: { plan: "team" } },
  });
  same("properties", there("person", update.data).properties, { email: "ada@example.com", plan: "team" });

  const removal = await client.POST("/api/environments/{project_id}/persons/{id}/delete_property/", {
    params: { path, query: { $unset: "plan" } satisfies Query<"deletePersonProperty"> },
    body: { $unset: "plan" } satisfies Schemas["PropertyDeletion"],
  });
  same("status", removal.response.status, 200);
  same("properties", there("person", (await get(ada)).data).properties, { email: "ada@example.com" });

  const activity = await client.GET("/api/environments/{project_id}/persons/{id}/activity/", {
    params: { path, query: { page: 1, limit: 1 } satisfies Query<"listPersonActivity"> },
  });
  const log = there("log", activity.data);
  same("total_count", log.total_count, 2);
  same("activity", log.results.map((entry) => entry.activity), ["delete_property"]);
  same("item_id", log.results[0]?.item_id, "1");
  same("changes", log.results[0]?.detail?.changes?.[0]?.action, "changed");

  const asked = await client.GET("/api/environments/{project_id}/insights/trend/", {
    params: {
      path: { project_id: project },
      query: {
        events: '[{"id":"$pageview"}]',
        date_from: "2026-01-05",
        date_to: "2026-01-08",
        interval: "day",
      } satisfies Query<"getTrend">,
    },
  });
  trend(json<Trend>(asked.data));
  const question: Schemas["TrendQuery"] = {
    events: [{ id: "$pageview" }],
    date_from: "2026-01-05",
    date_to: "2026-01-08",
    interval: "day",
  };
  const queried = await client.POST("/api/environments/{project_id}/insights/trend/", {
    params: { path: { project_id: project } },
    body: question,
  });
  trend(json<Trend>(queried.data));

  const timing = await client.POST("/api/environments/{project_id}/insights/timing/", {
    params: { path: { project_id: project } },
    body: { name: "Weekly sign-ups" } satisfies Schemas["InsightTiming"],
  });
  same("status", timing.response.status, 200);

  const gone = await client.DELETE("/api/environments/{project_id}/persons/{id}/", {
    params: { path: { project_id: project, id: bob }, query: { delete_events: true } satisfies Query<"deletePerson"> },
  });
  same("status", gone.response.status, 204);
  same("code", there("error", (await get(bob)).error).code, "not_found");
}

main().catch((error: unknown) => {
  console.error(String(error));
  process.exitCode = 1;
});
