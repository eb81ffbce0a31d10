import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.ApiResponse;
import org.openapitools.client.api.InsightsApi;
import org.openapitools.client.api.PersonsApi;
import org.openapitools.client.model.*;

/** Call the operations with the client that openapi-generator makes in Java, on the client of Java itself. */
public final class Main {
  private static final ObjectMapper MAPPER = ApiClient.createDefaultObjectMapper();

  private Main() {}

  /** The call of an operation. */
  private interface Call<T> {
    ApiResponse<T> make() throws ApiException;
  }

  /** An operation: its name, its call, and what is read in the answer. */
  private record Row<T>(String name, Call<T> call, Function<T, Object> read) {
    void print() throws JsonProcessingException, ApiException {
      try {
        ApiResponse<T> answer = call.make();
        print(answer.getStatusCode(), read.apply(answer.getData()));
      } catch (ApiException error) {
        if (error.getResponseBody() == null) throw error;
        print(error.getCode(), MAPPER.readValue(error.getResponseBody(), ApiErrorBody.class).getCode());
      }
    }

    private void print(int status, Object found) throws JsonProcessingException {
      System.out.println(name + " " + status + " " + MAPPER.writeValueAsString(found));
    }
  }

  public static void main(String[] arguments) throws ApiException, JsonProcessingException {
    String key = System.getenv("POSTHOG_PERSONAL_API_KEY");
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("POSTHOG_HOST"));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
    PersonsApi persons = new PersonsApi(client);
    InsightsApi insights = new InsightsApi(client);
    String project = System.getenv("POSTHOG_PROJECT_ID");
    String ada = System.getenv("ADA");
    String bob = System.getenv("BOB");

    var update = new PersonUpdate().properties(Map.of("plan", "team"));
    var removal = new PropertyDeletion().$unset("plan");
    var event = new Entity().id(new EntityId("$pageview"));
    var question = new TrendQuery().addEventsItem(event).dateFrom("2026-01-05").dateTo("2026-01-08").interval("day");
    var timing = new InsightTiming().name("Weekly sign-ups");

    List<Row<?>> rows =
        List.of(
            new Row<>("listPersons", () -> persons.listPersonsWithHttpInfo(project, null, null, null, null, null, null, null, true), Main::page),
            new Row<>("getPerson", () -> persons.getPersonWithHttpInfo(project, ada, null), Main::person),
            new Row<>("getPersonPropertiesTimeline", () -> persons.getPersonPropertiesTimelineWithHttpInfo(project, ada, null, null, null, null, "2026-01-01", "2026-01-09", "plan", "person", null, null), Main::timeline),
            new Row<>("updatePerson", () -> persons.updatePersonWithHttpInfo(project, ada, update, null), Person::getProperties),
            new Row<>("deletePersonProperty", () -> persons.deletePersonPropertyWithHttpInfo(project, ada, removal, null, "plan"), nothing -> null),
            new Row<>("getPerson", () -> persons.getPersonWithHttpInfo(project, ada, null), Main::person),
            new Row<>("listPersonActivity", () -> persons.listPersonActivityWithHttpInfo(project, ada, null, 1L, 1L), Main::log),
            new Row<>("queryTrend", () -> insights.queryTrendWithHttpInfo(project, question, null), Main::trend),
            new Row<>("getTrend", () -> insights.getTrendWithHttpInfo(project, null, "[{\"id\":\"$pageview\"}]", null, null, null, "2026-01-05", "2026-01-08", null, null, null, null, null, null, "day", null), Main::trend),
            new Row<>("recordInsightTiming", () -> insights.recordInsightTimingWithHttpInfo(project, timing, null), nothing -> null),
            new Row<>("deletePerson", () -> persons.deletePersonWithHttpInfo(project, bob, null, true), nothing -> null),
            new Row<>("getPerson", () -> persons.getPersonWithHttpInfo(project, bob, null), Main::person));
    for (Row<?> row : rows) row.print();
  }

  private static Object page(PersonPage found) {
    List<String> names = found.getResults().stream().map(one -> one.getName()).toList();
    Object id = found.getResults().get(2).getId().getActualInstance();
    return Arrays.asList(found.getCount(), found.getNext(), names, id);
  }

  private static Object person(Person found) {
    if (!large(found).equals(5000000000L)) throw new IllegalStateException("a large id is " + large(found));
    Object id = found.getId().getActualInstance();
    String moment = moment(found.getCreatedAt());
    return Arrays.asList(found.getUuid().toString(), id, found.getDistinctIds(), found.getProperties(), moment);
  }

  /** Gives the id of such a person when it is beyond 32 bits, as on large servers. */
  private static Object large(Person found) {
    try {
      String text = MAPPER.writeValueAsString(found).replace("\"id\":1,", "\"id\":5000000000,");
      return MAPPER.readValue(text, Person.class).getId().getActualInstance();
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  private static Object timeline(PropertiesTimeline found) {
    var points = found.getPoints();
    return List.of(
        points.stream().map(point -> point.getRelevantEventCount()).toList(),
        points.stream().map(point -> ((Map<?, ?>) point.getProperties()).get("plan").toString()).toList(),
        moment(points.get(1).getTimestamp()),
        found.getCrucialPropertyKeys());
  }

  /** Writes a moment, which must have been read as one. */
  private static String moment(OffsetDateTime found) {
    return found.toInstant().toString();
  }

  private static Object log(ActivityPage found) {
    var first = found.getResults().get(0);
    List<String> activities = found.getResults().stream().map(entry -> entry.getActivity()).toList();
    String action = first.getDetail().getChanges().get(0).getAction();
    return List.of(found.getTotalCount(), activities, first.getItemId(), action);
  }

  private static Object trend(Trend found) {
    return found.getResult().stream()
        .map(series -> List.of(series.getData(), series.getDays(), series.getCount(), series.getLabel()))
        .toList();
  }
}
