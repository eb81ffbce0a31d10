import com.fasterxml.jackson.core.JsonProcessingException;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.InsightsApi;
import org.openapitools.client.api.PersonsApi;
import org.openapitools.client.model.Entity;
import org.openapitools.client.model.EntityId;
import org.openapitools.client.model.InsightTiming;
import org.openapitools.client.model.Person;
import org.openapitools.client.model.PersonUpdate;
import org.openapitools.client.model.PropertyDeletion;
import org.openapitools.client.model.Series;
import org.openapitools.client.model.Trend;
import org.openapitools.client.model.TrendQuery;

/** Call the ten operations with the client that openapi-generator makes in Java, on the client of Java itself. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws ApiException {
    String key = System.getenv("POSTHOG_PERSONAL_API_KEY");
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("POSTHOG_HOST"));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
    PersonsApi persons = new PersonsApi(client);
    InsightsApi insights = new InsightsApi(client);
    String project = System.getenv("POSTHOG_PROJECT_ID");

    var page = persons.listPersons(project, null, null, null, null, null, null, null, true);
    same("count", page.getCount(), 3L);
    same("next", page.getNext(), null);
    same(
        "names",
        page.getResults().stream().map(one -> one.getName()).toList(),
        List.of("cyd@example.com", "bob@example.com", "ada@example.com"));
    String ada = page.getResults().get(2).getUuid().toString();
    String bob = page.getResults().get(1).getUuid().toString();
    same("id in the list", page.getResults().get(2).getId().getActualInstance(), ada);

    var person = persons.getPerson(project, ada, null);
    same("uuid", person.getUuid().toString(), ada);
    same("id", person.getId().getActualInstance(), 1L);
    same("a large id", large(person), 5000000000L);
    same("distinct_ids", person.getDistinctIds(), List.of("ada"));
    same("properties", person.getProperties(), Map.of("email", "ada@example.com", "plan", "pro"));
    same("created_at", person.getCreatedAt().toInstant(), OffsetDateTime.parse("2026-01-05T10:00:00Z").toInstant());

    var timeline =
        persons.getPersonPropertiesTimeline(
            project, ada, null, null, null, null, "2026-01-01", "2026-01-09", "plan", "person", null, null);
    same("points", timeline.getPoints().stream().map(point -> point.getRelevantEventCount()).toList(), List.of(2L, 1L));
    same(
        "plans",
        timeline.getPoints().stream().map(point -> ((Map<?, ?>) point.getProperties()).get("plan").toString()).toList(),
        List.of("free", "pro"));
    same(
        "timestamp",
        timeline.getPoints().get(1).getTimestamp().toInstant(),
        OffsetDateTime.parse("2026-01-07T10:00:00Z").toInstant());
    same("crucial_property_keys", timeline.getCrucialPropertyKeys(), List.of("plan"));

    var changed = persons.updatePerson(project, ada, new PersonUpdate().properties(Map.of("plan", "team")), null);
    same("properties", changed.getProperties(), Map.of("email", "ada@example.com", "plan", "team"));

    var removal = new PropertyDeletion().$unset("plan");
    same("status", persons.deletePersonPropertyWithHttpInfo(project, ada, removal, null, "plan").getStatusCode(), 200);
    same("properties", persons.getPerson(project, ada, null).getProperties(), Map.of("email", "ada@example.com"));

    var log = persons.listPersonActivity(project, ada, null, 1L, 1L);
    same("total_count", log.getTotalCount(), 2L);
    same("activity", log.getResults().stream().map(entry -> entry.getActivity()).toList(), List.of("delete_property"));
    same("item_id", log.getResults().get(0).getItemId(), "1");
    same("changes", log.getResults().get(0).getDetail().getChanges().get(0).getAction(), "changed");

    trend(
        insights.getTrend(
            project, null, "[{\"id\":\"$pageview\"}]", null, null, null, "2026-01-05", "2026-01-08", null, null, null,
            null, null, null, "day", null));
    var question =
        new TrendQuery()
            .addEventsItem(new Entity().id(new EntityId("$pageview")))
            .dateFrom("2026-01-05")
            .dateTo("2026-01-08")
            .interval("day");
    trend(insights.queryTrend(project, question, null));

    var timing = new InsightTiming().name("Weekly sign-ups");
    same("status", insights.recordInsightTimingWithHttpInfo(project, timing, null).getStatusCode(), 200);

    same("status", persons.deletePersonWithHttpInfo(project, bob, null, true).getStatusCode(), 204);
    try {
      persons.getPerson(project, bob, null);
      throw new IllegalStateException("bob is still there");
    } catch (ApiException error) {
      same("status", error.getCode(), 404);
    }
  }

  /** Gives the id of such a person when it is beyond 32 bits, as on large servers. */
  private static Object large(Person person) {
    try {
      var mapper = ApiClient.createDefaultObjectMapper();
      String text = mapper.writeValueAsString(person).replace("\"id\":1,", "\"id\":5000000000,");
      return mapper.readValue(text, Person.class).getId().getActualInstance();
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  private static void trend(Trend answer) {
    same("series", answer.getResult().size(), 1);
    Series series = answer.getResult().get(0);
    same("data", series.getData(), List.of(1.0, 2.0, 1.0, 1.0));
    same("days", series.getDays(), List.of("2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"));
    same("count", series.getCount(), 5.0);
    same("label", series.getLabel(), "$pageview");
  }

  private static void same(String what, Object found, Object wanted) {
    if (!Objects.equals(found, wanted)) {
      throw new IllegalStateException(what + " is " + found + ", not " + wanted);
    }
  }
}
