// The operations of the vendor's page, and query/, with the client that openapi-generator makes in Go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"people/client"
)

func main() {
	settings := client.NewConfiguration()
	settings.Servers = client.ServerConfigurations{{URL: os.Getenv("POSTHOG_HOST")}}
	api := client.NewAPIClient(settings)
	ctx := context.WithValue(context.Background(), client.ContextAccessToken, os.Getenv("POSTHOG_PERSONAL_API_KEY"))
	project := os.Getenv("POSTHOG_PROJECT_ID")

	// List. Filters are one JSON text.
	filters := `[{"key": "email", "operator": "icontains", "value": "@example.com", "type": "person"}]`
	page, _, err := api.PersonsAPI.ListPersons(ctx, project).Properties(filters).IncludeTotal(true).Execute()
	must(err)
	names := []string{}
	for _, one := range page.Results {
		names = append(names, one.GetName())
	}
	fmt.Println("list:", page.GetCount(), names)
	bob, ada := page.Results[1].Uuid, page.Results[2].Uuid

	// Read, follow over time, correct.
	person, _, err := api.PersonsAPI.GetPerson(ctx, project, ada).Execute()
	must(err)
	fmt.Println("get:", person.Properties)
	timeline, _, err := api.PersonsAPI.GetPersonPropertiesTimeline(ctx, project, ada).
		DateFrom("2026-01-01").DateTo("2026-01-09").Breakdown("plan").BreakdownType("person").Execute()
	must(err)
	for _, point := range timeline.Points {
		fmt.Println("timeline:", point.GetRelevantEventCount(), point.Properties)
	}
	update := client.PersonUpdate{Properties: map[string]any{"plan": "team"}}
	changed, _, err := api.PersonsAPI.UpdatePerson(ctx, project, ada).PersonUpdate(update).Execute()
	must(err)
	fmt.Println("update:", changed.Properties)
	removal := client.PropertyDeletion{Unset: client.PtrString("plan")} // older servers read it from the query
	_, err = api.PersonsAPI.DeletePersonProperty(ctx, project, ada).PropertyDeletion(removal).Unset("plan").Execute()
	must(err)
	person, _, err = api.PersonsAPI.GetPerson(ctx, project, ada).Execute()
	must(err)
	fmt.Println("after delete_property:", person.Properties)
	entries, _, err := api.PersonsAPI.ListPersonActivity(ctx, project, ada).Page(1).Limit(1).Execute()
	must(err)
	fmt.Println("activity:", entries.GetTotalCount(), entries.Results[0].GetActivity())

	// Trends: query/ is the one that PostHog Cloud has; insights/trend/ is on servers of one's own.
	query := client.TrendsQuery{}
	must(json.Unmarshal([]byte(`{"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}],
		"dateRange": {"date_from": "2026-01-05", "date_to": "2026-01-08"}, "interval": "day"}`), &query))
	asked, _, err := api.QueryAPI.RunQuery(ctx, project).QueryRequest(client.QueryRequest{Query: query}).Execute()
	must(err)
	fmt.Println("query:", figures(asked.Results[0]))
	id := client.EntityId{String: client.PtrString("$pageview")}
	question := client.TrendQuery{
		Events:   []client.Entity{{Id: *client.NewNullableEntityId(&id)}},
		DateFrom: client.PtrString("2026-01-05"),
		DateTo:   client.PtrString("2026-01-08"),
		Interval: client.PtrString("day"),
	}
	trend, _, err := api.InsightsAPI.QueryTrend(ctx, project).TrendQuery(question).Execute()
	must(err)
	fmt.Println("trend by POST:", figures(trend.Result[0]))
	trend, _, err = api.InsightsAPI.GetTrend(ctx, project).Events(`[{"id": "$pageview"}]`).
		DateFrom("2026-01-05").DateTo("2026-01-08").Interval("day").Execute()
	must(err)
	fmt.Println("trend by GET:", trend.Result[0].GetLabel(), trend.Result[0].GetCount())
	timing := client.InsightTiming{Name: client.PtrString("Weekly sign-ups")}
	done, err := api.InsightsAPI.RecordInsightTiming(ctx, project).InsightTiming(timing).Execute()
	must(err)
	fmt.Println("timing:", done.StatusCode)

	// Delete. delete_events acts when it is there, whatever it says: leave it out to keep the events.
	done, err = api.PersonsAPI.DeletePerson(ctx, project, bob).DeleteEvents(true).Execute()
	must(err)
	fmt.Println("delete:", done.StatusCode)
	_, done, err = api.PersonsAPI.GetPerson(ctx, project, bob).Execute()
	body := err.(*client.GenericOpenAPIError).Model().(client.ApiErrorBody)
	fmt.Println("get:", done.StatusCode, body.GetCode())
}

// figures reads the points of a series, which are null where a server has no number.
func figures(series client.Series) []float64 {
	found := []float64{}
	for _, point := range series.Data {
		if point != nil {
			found = append(found, *point)
		}
	}
	return found
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
