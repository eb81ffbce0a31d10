//! The operations of the vendor's page, and query/, with the client that openapi-generator makes in Rust.

use openapi::apis::configuration::Configuration;
use openapi::apis::{insights_api, persons_api, query_api, Error};
use openapi::models::{Entity, InsightTiming, PersonUpdate, PropertyDeletion, QueryRequest, TrendQuery};
use serde_json::json;

#[allow(deprecated)] // insights/trend/, which servers of one's own have
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let api = Configuration {
        base_path: std::env::var("POSTHOG_HOST")?,
        bearer_access_token: Some(std::env::var("POSTHOG_PERSONAL_API_KEY")?),
        ..Configuration::new()
    };
    let project = std::env::var("POSTHOG_PROJECT_ID")?;

    // List. Filters are one JSON text. What is not asked for is None; what may be absent or null is twice an Option.
    let filters = r#"[{"key": "email", "operator": "icontains", "value": "@example.com", "type": "person"}]"#;
    let page =
        persons_api::list_persons(&api, &project, None, None, None, None, None, Some(filters), None, Some(true))
            .await?;
    let names: Vec<_> = page.results.iter().filter_map(|one| one.name.clone().flatten()).collect();
    println!("list: {} {names:?}", page.count.flatten().unwrap_or_default());
    let (bob, ada) = (page.results[1].uuid.to_string(), page.results[2].uuid.to_string());

    // Read, follow over time, correct.
    let person = persons_api::get_person(&api, &project, &ada, None).await?;
    println!("get: {}", json!(person.properties));
    let timeline = persons_api::get_person_properties_timeline(
        &api, &project, &ada, None, None, None, None, Some("2026-01-01"), Some("2026-01-09"), Some("plan"),
        Some("person"), None, None,
    )
    .await?;
    let counts: Vec<_> = timeline.points.iter().filter_map(|point| point.relevant_event_count.flatten()).collect();
    println!("timeline: {counts:?}");
    let update = PersonUpdate { properties: Some(json!({"plan": "team"})) };
    let changed = persons_api::update_person(&api, &project, &ada, update, None).await?;
    println!("update: {}", json!(changed.properties));
    // Older servers read it from the query.
    let removal = PropertyDeletion { dollar_unset: Some("plan".to_owned()), ..PropertyDeletion::new() };
    persons_api::delete_person_property(&api, &project, &ada, removal, None, Some("plan")).await?;
    let person = persons_api::get_person(&api, &project, &ada, None).await?;
    println!("after delete_property: {}", json!(person.properties));
    let log = persons_api::list_person_activity(&api, &project, &ada, None, Some(1), Some(1)).await?;
    println!("activity: {} {}", json!(log.total_count), json!(log.results[0].activity));

    // Trends: query/ is the one that PostHog Cloud has; insights/trend/ is on servers of one's own.
    let query = serde_json::from_value(json!({
        "kind": "TrendsQuery",
        "series": [{"kind": "EventsNode", "event": "$pageview"}],
        "dateRange": {"date_from": "2026-01-05", "date_to": "2026-01-08"},
        "interval": "day",
    }))?;
    let asked = query_api::run_query(&api, &project, QueryRequest::new(query)).await?;
    println!("query: {}", json!(asked.results[0].data));
    let event = Entity { id: Some(Some(json!("$pageview"))), ..Entity::new() };
    let question = TrendQuery {
        events: Some(vec![event]),
        date_from: Some("2026-01-05".to_owned()),
        date_to: Some("2026-01-08".to_owned()),
        interval: Some("day".to_owned()),
        ..TrendQuery::new()
    };
    let trend = insights_api::query_trend(&api, &project, question, None).await?;
    println!("trend by POST: {}", json!(trend.result[0].data));
    let trend = insights_api::get_trend(
        &api, &project, None, Some(r#"[{"id": "$pageview"}]"#), None, None, None, Some("2026-01-05"),
        Some("2026-01-08"), None, None, None, None, None, None, Some("day"), None,
    )
    .await?;
    println!("trend by GET: {} {}", json!(trend.result[0].label), json!(trend.result[0].count));
    let timing = InsightTiming { name: Some("Weekly sign-ups".to_owned()), ..InsightTiming::new() };
    insights_api::record_insight_timing(&api, &project, timing, None).await?;
    println!("timing: taken");

    // Delete. delete_events acts when it is there, whatever it says: leave it out to keep the events.
    persons_api::delete_person(&api, &project, &bob, None, Some(true)).await?;
    match persons_api::get_person(&api, &project, &bob, None).await {
        Err(Error::ResponseError(answer)) => println!("get: {}", answer.status.as_u16()),
        other => println!("get: {other:?}"),
    }
    Ok(())
}
