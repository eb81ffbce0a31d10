// Call the operations with the client that openapi-generator makes in Go.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	client "example.com/client"
)

// row is an operation: its name, and a call that gives what was read in the answer.
type row struct {
	name string
	call func() (any, *http.Response, error)
}

func main() {
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: os.Getenv("POSTHOG_HOST")}}
	api := client.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), client.ContextAccessToken, os.Getenv("POSTHOG_PERSONAL_API_KEY"))
	project, ada, bob := os.Getenv("POSTHOG_PROJECT_ID"), os.Getenv("ADA"), os.Getenv("BOB")
	persons, insights := api.PersonsAPI, api.InsightsAPI

	from, to, interval := "2026-01-05", "2026-01-08", "day"
	update := client.PersonUpdate{Properties: map[string]any{"plan": "team"}}
	removal := client.PropertyDeletion{Unset: client.PtrString("plan")}
	event := client.EntityId{String: client.PtrString("$pageview")}
	events := []client.Entity{{Id: *client.NewNullableEntityId(&event)}}
	question := client.TrendQuery{Events: events, DateFrom: &from, DateTo: &to, Interval: &interval}
	timing := client.InsightTiming{Name: client.PtrString("Weekly sign-ups")}

	rows := []row{
		{"listPersons", reading(persons.ListPersons(ctx, project).IncludeTotal(true).Execute, page)},
		{"getPerson", reading(persons.GetPerson(ctx, project, ada).Execute, person)},
		{"getPersonPropertiesTimeline", reading(persons.GetPersonPropertiesTimeline(ctx, project, ada).DateFrom("2026-01-01").DateTo("2026-01-09").Breakdown("plan").BreakdownType("person").Execute, timeline)},
		{"updatePerson", reading(persons.UpdatePerson(ctx, project, ada).PersonUpdate(update).Execute, properties)},
		{"deletePersonProperty", nothing(persons.DeletePersonProperty(ctx, project, ada).PropertyDeletion(removal).Unset("plan").Execute)},
		{"getPerson", reading(persons.GetPerson(ctx, project, ada).Execute, person)},
		{"listPersonActivity", reading(persons.ListPersonActivity(ctx, project, ada).Page(1).Limit(1).Execute, log)},
		{"queryTrend", reading(insights.QueryTrend(ctx, project).TrendQuery(question).Execute, trend)},
		{"getTrend", reading(insights.GetTrend(ctx, project).Events(`[{"id":"$pageview"}]`).DateFrom(from).DateTo(to).Interval(interval).Execute, trend)},
		{"recordInsightTiming", nothing(insights.RecordInsightTiming(ctx, project).InsightTiming(timing).Execute)},
		{"deletePerson", nothing(persons.DeletePerson(ctx, project, bob).DeleteEvents(true).Execute)},
		{"getPerson", reading(persons.GetPerson(ctx, project, bob).Execute, person)},
	}
	for _, each := range rows {
		read, answer, err := each.call()
		refusal := &client.GenericOpenAPIError{}
		if errors.As(err, &refusal) {
			body, known := refusal.Model().(client.ApiErrorBody)
			if !known {
				must(each.name, err)
			}
			read, err = body.GetCode(), nil
		}
		must(each.name, err)
		text, err := json.Marshal(read)
		must("to JSON", err)
		fmt.Println(each.name, answer.StatusCode, string(text))
	}
}

// reading returns a call that reads its answer.
func reading[T any](call func() (*T, *http.Response, error), read func(*T) any) func() (any, *http.Response, error) {
	return func() (any, *http.Response, error) {
		found, answer, err := call()
		if err != nil {
			return nil, answer, err
		}
		return read(found), answer, nil
	}
}

// nothing returns a call whose answer says no more than its status.
func nothing(call func() (*http.Response, error)) func() (any, *http.Response, error) {
	return func() (any, *http.Response, error) {
		answer, err := call()
		return nil, answer, err
	}
}

func page(found *client.PersonPage) any {
	names := []string{}
	for _, one := range found.Results {
		names = append(names, one.GetName())
	}
	return []any{found.GetCount(), found.Next.Get(), names, *found.Results[2].Id.Get().String}
}

func person(found *client.Person) any {
	large(found)
	moment := found.GetCreatedAt().Format(time.RFC3339Nano)
	return []any{found.Uuid, *found.Id.Get().Int64, found.DistinctIds, found.Properties, moment}
}

// large reads such a person whose id is beyond 32 bits, as on large servers.
func large(found *client.Person) {
	text, err := json.Marshal(found)
	must("to JSON", err)
	again := client.Person{}
	must("from JSON", json.Unmarshal(bytes.Replace(text, []byte(`"id":1,`), []byte(`"id":5000000000,`), 1), &again))
	if *again.Id.Get().Int64 != 5000000000 {
		must("a large id", fmt.Errorf("is %d", *again.Id.Get().Int64))
	}
}

func properties(found *client.Person) any { return found.Properties }

func timeline(found *client.PropertiesTimeline) any {
	counts, plans := []int64{}, []any{}
	for _, point := range found.Points {
		counts = append(counts, point.GetRelevantEventCount())
		plans = append(plans, point.Properties.(map[string]any)["plan"])
	}
	return []any{counts, plans, found.Points[1].GetTimestamp().Format(time.RFC3339Nano), found.CrucialPropertyKeys}
}

func log(found *client.ActivityPage) any {
	activities := []string{}
	for _, entry := range found.Results {
		activities = append(activities, entry.GetActivity())
	}
	first := found.Results[0]
	return []any{found.GetTotalCount(), activities, first.GetItemId(), first.Detail.Get().Changes[0].GetAction()}
}

func trend(found *client.Trend) any {
	series := [][]any{}
	for _, one := range found.Result {
		series = append(series, []any{one.Data, one.Days, one.GetCount(), one.GetLabel()})
	}
	return series
}

func must(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}
