import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.InsightsApi;
import org.openapitools.client.api.PersonsApi;
import org.openapitools.client.api.QueryApi;
import org.openapitools.client.model.Entity;
import org.openapitools.client.model.EntityId;
import org.openapitools.client.model.InsightTiming;
import org.openapitools.client.model.PersonUpdate;
import org.openapitools.client.model.PropertyDeletion;
import org.openapitools.client.model.QueryRequest;
import org.openapitools.client.model.TrendQuery;
import org.openapitools.client.model.TrendsQuery;

/** The operations of the vendor's page, and query/, with the client that openapi-generator makes in Java. */
public final class People {
  private People() {}

  public static void main(String[] arguments) throws ApiException, JsonProcessingException {
    String key = System.getenv("POSTHOG_PERSONAL_API_KEY");
    String project = System.getenv("POSTHOG_PROJECT_ID");
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("POSTHOG_HOST"));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
    PersonsApi persons = new PersonsApi(client);
    InsightsApi insights = new InsightsApi(client);

    // List. Filters are one JSON text. What is not asked for is null.
    String filters =
        """
        [{"key": "email", "operator": "icontains", "value": "@example.com", "type": "person"}]""";
    var page = persons.listPersons(project, null, null, null, null, null, filters, null, true);
    say("list:", page.getCount(), page.getResults().stream().map(one -> one.getName()).toList());
    String bob = page.getResults().get(1).getUuid().toString();
    String ada = page.getResults().get(2).getUuid().toString();

    // Read, follow over time, correct.
    say("get:", persons.getPerson(project, ada, null).getProperties());
    var timeline =
        persons.getPersonPropertiesTimeline(
            project, ada, null, null, null, null, "2026-01-01", "2026-01-09", "plan", "person", null, null);
    say("timeline:", timeline.getPoints().stream().map(point -> point.getRelevantEventCount()).toList());
    var update = new PersonUpdate().properties(Map.of("plan", "team"));
    say("update:", persons.updatePerson(project, ada, update, null).getProperties());
    var removal = new PropertyDeletion().$unset("plan"); // older servers read it from the query
    persons.deletePersonProperty(project, ada, removal, null, "plan");
    say("after delete_property:", persons.getPerson(project, ada, null).getProperties());
    var log = persons.listPersonActivity(project, ada, null, 1L, 1L);
    say("activity:", log.getTotalCount(), log.getResults().get(0).getActivity());

    // Trends: query/ is the one that PostHog Cloud has; insights/trend/ is on servers of one's own.
    String query =
        """
        {"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "$pageview"}],
         "dateRange": {"date_from": "2026-01-05", "date_to": "2026-01-08"}, "interval": "day"}""";
    var wanted = ApiClient.createDefaultObjectMapper().readValue(query, TrendsQuery.class);
    var asked = new QueryApi(client).runQuery(project, new QueryRequest().query(wanted), null);
    say("query:", asked.getResults().get(0).getData());
    var question =
        new TrendQuery()
            .addEventsItem(new Entity().id(new EntityId("$pageview")))
            .dateFrom("2026-01-05")
            .dateTo("2026-01-08")
            .interval("day");
    say("trend by POST:", insights.queryTrend(project, question, null).getResult().get(0).getData());
    var trend =
        insights.getTrend(
            project, null, "[{\"id\": \"$pageview\"}]", null, null, null, "2026-01-05", "2026-01-08", null, null, null,
            null, null, null, "day", null);
    say("trend by GET:", trend.getResult().get(0).getLabel(), trend.getResult().get(0).getCount());
    var timing = new InsightTiming().name("Weekly sign-ups");
    say("timing:", insights.recordInsightTimingWithHttpInfo(project, timing, null).getStatusCode());

    // Delete. delete_events acts when it is there, whatever it says: leave it out to keep the events.
    say("delete:", persons.deletePersonWithHttpInfo(project, bob, null, true).getStatusCode());
    try {
      persons.getPerson(project, bob, null);
    } catch (ApiException error) {
      say("get:", error.getCode());
    }
  }

  private static void say(Object... words) {
    System.out.println(String.join(" ", java.util.Arrays.stream(words).map(String::valueOf).toList()));
  }
}
