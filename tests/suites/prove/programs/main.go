// Call the ten operations with the client that openapi-generator makes in Go.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"time"

	client "example.com/client"
)

func main() {
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: os.Getenv("POSTHOG_HOST")}}
	api := client.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), client.ContextAccessToken, os.Getenv("POSTHOG_PERSONAL_API_KEY"))
	project := os.Getenv("POSTHOG_PROJECT_ID")

	page, _, err := api.PersonsAPI.ListPersons(ctx, project).IncludeTotal(true).Execute()
	must("listPersons", err)
	same("count", page.GetCount(), int64(3))
	same("next", page.GetNext(), "")
	names := []string{}
	for _, one := range page.Results {
		names = append(names, one.GetName())
	}
	same("names", names, []string{"cyd@example.com", "bob@example.com", "ada@example.com"})
	ada, bob := page.Results[2].Uuid, page.Results[1].Uuid
	same("id in the list", *page.Results[2].Id.Get().String, ada)

	person, _, err := api.PersonsAPI.GetPerson(ctx, project, ada).Execute()
	must("getPerson", err)
	same("uuid", person.Uuid, ada)
	same("id", *person.Id.Get().Int64, int64(1))
	same("a large id", large(person), int64(5000000000))
	same("distinct_ids", person.DistinctIds, []string{"ada"})
	same("properties", person.Properties, map[string]any{"email": "ada@example.com", "plan": "pro"})
	same("created_at", person.GetCreatedAt().UTC(), time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC))

	timeline, _, err := api.PersonsAPI.GetPersonPropertiesTimeline(ctx, project, ada).
		DateFrom("2026-01-01").DateTo("2026-01-09").Breakdown("plan").BreakdownType("person").Execute()
	must("getPersonPropertiesTimeline", err)
	counts, plans := []int64{}, []any{}
	for _, point := range timeline.Points {
		counts = append(counts, point.GetRelevantEventCount())
		plans = append(plans, point.Properties.(map[string]any)["plan"])
	}
	same("points", counts, []int64{2, 1})
	same("plans", plans, []any{"free", "pro"})
	same("timestamp", timeline.Points[1].GetTimestamp().UTC(), time.Date(2026, 1, 7, 10, 0, 0, 0, time.UTC))
	same("crucial_property_keys", timeline.CrucialPropertyKeys, []string{"plan"})

	update := client.PersonUpdate{Properties: map[string]any{"plan": "team"}}
	changed, _, err := api.PersonsAPI.UpdatePerson(ctx, project, ada).PersonUpdate(update).Execute()
	must("updatePerson", err)
	same("properties", changed.Properties, map[string]any{"email": "ada@example.com", "plan": "team"})

	removal := client.PropertyDeletion{Unset: client.PtrString("plan")}
	done, err := api.PersonsAPI.DeletePersonProperty(ctx, project, ada).PropertyDeletion(removal).Unset("plan").Execute()
	must("deletePersonProperty", err)
	same("status", done.StatusCode, http.StatusOK)
	person, _, err = api.PersonsAPI.GetPerson(ctx, project, ada).Execute()
	must("getPerson", err)
	same("properties", person.Properties, map[string]any{"email": "ada@example.com"})

	log, _, err := api.PersonsAPI.ListPersonActivity(ctx, project, ada).Page(1).Limit(1).Execute()
	must("listPersonActivity", err)
	same("total_count", log.GetTotalCount(), int64(2))
	same("entries", len(log.Results), 1)
	same("activity", log.Results[0].GetActivity(), "delete_property")
	same("item_id", log.Results[0].GetItemId(), "1")
	same("changes", log.Results[0].Detail.Get().Changes[0].GetAction(), "changed")

	asked, _, err := api.InsightsAPI.GetTrend(ctx, project).Events(`[{"id":"$pageview"}]`).
		DateFrom("2026-01-05").DateTo("2026-01-08").Interval("day").Execute()
	must("getTrend", err)
	trend(asked)
	id := client.EntityId{String: client.PtrString("$pageview")}
	question := client.TrendQuery{
		Events:   []client.Entity{{Id: *client.NewNullableEntityId(&id)}},
		DateFrom: client.PtrString("2026-01-05"),
		DateTo:   client.PtrString("2026-01-08"),
		Interval: client.PtrString("day"),
	}
	queried, _, err := api.InsightsAPI.QueryTrend(ctx, project).TrendQuery(question).Execute()
	must("queryTrend", err)
	trend(queried)

	timing := client.InsightTiming{Name: client.PtrString("Weekly sign-ups")}
	done, err = api.InsightsAPI.RecordInsightTiming(ctx, project).InsightTiming(timing).Execute()
	must("recordInsightTiming", err)
	same("status", done.StatusCode, http.StatusOK)

	done, err = api.PersonsAPI.DeletePerson(ctx, project, bob).DeleteEvents(true).Execute()
	must("deletePerson", err)
	same("status", done.StatusCode, http.StatusNoContent)
	_, done, err = api.PersonsAPI.GetPerson(ctx, project, bob).Execute()
	if err == nil {
		fail("bob is still there")
	}
	same("status", done.StatusCode, http.StatusNotFound)
	body, known := err.(*client.GenericOpenAPIError).Model().(client.ApiErrorBody)
	same("error body", known, true)
	same("code", body.GetCode(), "not_found")
}

// large gives the id of such a person when it is beyond 32 bits, as on large servers.
func large(person *client.Person) int64 {
	text, err := json.Marshal(person)
	must("to JSON", err)
	again := client.Person{}
	must("from JSON", json.Unmarshal(bytes.Replace(text, []byte(`"id":1,`), []byte(`"id":5000000000,`), 1), &again))
	return *again.Id.Get().Int64
}

func trend(answer *client.Trend) {
	same("series", len(answer.Result), 1)
	series := answer.Result[0]
	same("points", len(series.Data), 4)
	for point, wanted := range []float64{1, 2, 1, 1} {
		same("data", *series.Data[point], wanted)
	}
	same("days", series.Days, []string{"2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"})
	same("count", series.GetCount(), 5.0)
	same("label", series.GetLabel(), "$pageview")
}

func same(what string, found, wanted any) {
	if !reflect.DeepEqual(found, wanted) {
		fail(fmt.Sprintf("%s is %v, not %v", what, found, wanted))
	}
}

func must(what string, err error) {
	if err != nil {
		fail(fmt.Sprintf("%s: %v", what, err))
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(1)
}
