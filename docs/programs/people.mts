// The operations of the vendor's page, and query/, with openapi-fetch on the types that openapi-typescript makes.
import createClient from "openapi-fetch";
import type { components, paths } from "./client.d.ts";

const { POSTHOG_HOST, POSTHOG_PROJECT_ID, POSTHOG_PERSONAL_API_KEY } = process.env;
const api = createClient<paths>({
  baseUrl: POSTHOG_HOST ?? "https://us.posthog.com",
  headers: { Authorization: `Bearer ${POSTHOG_PERSONAL_API_KEY}` },
});
const project_id = POSTHOG_PROJECT_ID ?? "";
const persons = "/api/environments/{project_id}/persons/";
const insights = "/api/environments/{project_id}/insights/";
type Schemas = components["schemas"];

/** Take the JSON of an answer. Some 200s may be CSV as well, hence the text; what is no 200 has no data. */
function json<T>(answer: { data?: T | string; error?: unknown; response: Response }): T {
  if (answer.data === undefined || typeof answer.data === "string") {
    throw new Error(`${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

// List. Filters are one JSON text; satisfies holds it against their type.
const filters = [
  { key: "email", operator: "icontains", value: "@example.com", type: "person" },
] satisfies Schemas["PropertyFilter"][];
const page = json<Schemas["PersonPage"]>(
  await api.GET(persons, {
    params: { path: { project_id }, query: { properties: JSON.stringify(filters), include_total: true } },
  }),
);
console.log("list:", page.count, page.results.map((one) => one.name));
const [, bob, ada] = page.results.map((one) => ({ project_id, id: one.uuid }));
if (!ada || !bob) throw new Error("fewer than three people");

// Read, follow over time, correct.
console.log("get:", json(await api.GET(`${persons}{id}/`, { params: { path: ada } })).properties);
const history = { date_from: "2026-01-01", date_to: "2026-01-09", breakdown: "plan", breakdown_type: "person" } as const;
const timeline = json(await api.GET(`${persons}{id}/properties_timeline/`, { params: { path: ada, query: history } }));
console.log("timeline:", timeline.points.map((point) => point.relevant_event_count));
const update = { properties: { plan: "team" } };
console.log("update:", json(await api.PATCH(`${persons}{id}/`, { params: { path: ada }, body: update }))?.properties);
const $unset = "plan"; // older servers read it from the query, others from the body
await api.POST(`${persons}{id}/delete_property/`, { params: { path: ada, query: { $unset } }, body: { $unset } });
console.log("after delete_property:", json(await api.GET(`${persons}{id}/`, { params: { path: ada } })).properties);
const log = json(await api.GET(`${persons}{id}/activity/`, { params: { path: ada, query: { page: 1, limit: 1 } } }));
console.log("activity:", log.total_count, log.results.map((entry) => entry.activity));

// Trends: query/ is the one that PostHog Cloud has; insights/trend/ is on servers of one's own.
const span = { date_from: "2026-01-05", date_to: "2026-01-08" };
const query = {
  kind: "TrendsQuery",
  series: [{ kind: "EventsNode", event: "$pageview" }],
  dateRange: span,
  interval: "day",
};
const ask = "/api/environments/{project_id}/query/";
const asked = json(await api.POST(ask, { params: { path: { project_id } }, body: { query } }));
// A 202 says that the query runs by itself: ask GET query/{id}/ until it is complete.
console.log("query:", "results" in asked ? asked.results.map((series) => series.data) : asked.query_status.id);
const question = { events: [{ id: "$pageview" }], interval: "day", ...span };
const trend = json<Schemas["Trend"]>(
  await api.POST(`${insights}trend/`, { params: { path: { project_id } }, body: question }),
);
console.log("trend by POST:", trend.result[0]?.data);
const events = JSON.stringify(question.events);
const again = json<Schemas["Trend"]>(
  await api.GET(`${insights}trend/`, { params: { path: { project_id }, query: { ...question, events } } }),
);
console.log("trend by GET:", again.result[0]?.label, again.result[0]?.count);
const name = "Weekly sign-ups";
const timing = await api.POST(`${insights}timing/`, { params: { path: { project_id } }, body: { name } });
console.log("timing:", timing.response.status);

// Delete. delete_events acts when it is there, whatever it says: leave it out to keep the events.
const gone = await api.DELETE(`${persons}{id}/`, { params: { path: bob, query: { delete_events: true } } });
console.log("delete:", gone.response.status);
const missing = await api.GET(`${persons}{id}/`, { params: { path: bob } });
console.log("get:", missing.response.status, missing.error?.code);
