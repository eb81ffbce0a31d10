//! Call the ten operations with the client that openapi-generator makes in Rust.

use openapi::apis::configuration::Configuration;
use openapi::apis::{insights_api, persons_api, Error};
use openapi::models::{
    Entity, InsightTiming, PersonUpdate, PropertyDeletion, Trend, TrendQuery,
};
use serde_json::json;

// The two trends are deprecated, and called all the same.
#[allow(deprecated)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let api = Configuration {
        base_path: std::env::var("POSTHOG_HOST")?,
        bearer_access_token: Some(std::env::var("POSTHOG_PERSONAL_API_KEY")?),
        ..Configuration::new()
    };
    let project = std::env::var("POSTHOG_PROJECT_ID")?;

    let page = persons_api::list_persons(&api, &project, None, None, None, None, None, None, None, Some(true)).await?;
    assert_eq!(page.count, Some(Some(3)));
    assert_eq!(page.next, Some(None));
    let names: Vec<_> = page.results.iter().map(|one| one.name.clone().flatten().unwrap()).collect();
    assert_eq!(names, ["cyd@example.com", "bob@example.com", "ada@example.com"]);
    let ada = page.results[2].uuid.to_string();
    let bob = page.results[1].uuid.to_string();
    assert_eq!(page.results[2].id, Some(Some(json!(ada))));

    let person = persons_api::get_person(&api, &project, &ada, None).await?;
    assert_eq!(person.uuid.to_string(), ada);
    assert_eq!(person.id, Some(Some(json!(1))));
    assert_eq!(person.distinct_ids, Some(vec!["ada".to_owned()]));
    assert_eq!(person.properties, Some(Some(json!({"email": "ada@example.com", "plan": "pro"}))));
    assert_eq!(person.created_at.flatten().unwrap().to_rfc3339(), "2026-01-05T10:00:00+00:00");

    let timeline = persons_api::get_person_properties_timeline(
        &api, &project, &ada, None, None, None, None, Some("2026-01-01"), Some("2026-01-09"), Some("plan"),
        Some("person"), None, None,
    )
    .await?;
    let counts: Vec<_> = timeline.points.iter().map(|point| point.relevant_event_count.flatten().unwrap()).collect();
    assert_eq!(counts, [2, 1]);
    let plans: Vec<_> =
        timeline.points.iter().map(|point| point.properties.clone().flatten().unwrap()["plan"].clone()).collect();
    assert_eq!(plans, ["free", "pro"]);
    assert_eq!(timeline.points[1].timestamp.flatten().unwrap().to_rfc3339(), "2026-01-07T10:00:00+00:00");
    assert_eq!(timeline.crucial_property_keys, Some(vec!["plan".to_owned()]));

    let update = PersonUpdate { properties: Some(json!({"plan": "team"})) };
    let changed = persons_api::update_person(&api, &project, &ada, update, None).await?;
    assert_eq!(changed.properties, Some(Some(json!({"email": "ada@example.com", "plan": "team"}))));

    let removal = PropertyDeletion { dollar_unset: Some("plan".to_owned()), ..PropertyDeletion::new() };
    persons_api::delete_person_property(&api, &project, &ada, removal, None, Some("plan")).await?;
    let person = persons_api::get_person(&api, &project, &ada, None).await?;
    assert_eq!(person.properties, Some(Some(json!({"email": "ada@example.com"}))));

    let log = persons_api::list_person_activity(&api, &project, &ada, None, Some(1), Some(1)).await?;
    assert_eq!(log.total_count, Some(Some(2)));
    assert_eq!(log.results.len(), 1);
    let entry = &log.results[0];
    assert_eq!(entry.activity, Some(Some("delete_property".to_owned())));
    assert_eq!(entry.item_id, Some(Some("1".to_owned())));
    let changes = entry.detail.clone().flatten().unwrap().changes.flatten().unwrap();
    assert_eq!(changes[0].action, Some(Some("changed".to_owned())));

    let asked = insights_api::get_trend(
        &api, &project, None, Some(r#"[{"id":"$pageview"}]"#), None, None, None, Some("2026-01-05"),
        Some("2026-01-08"), None, None, None, None, None, None, Some("day"), None,
    )
    .await?;
    trend(&asked);
    let event = Entity { id: Some(Some(json!("$pageview"))), ..Entity::new() };
    let question = TrendQuery {
        events: Some(vec![event]),
        date_from: Some("2026-01-05".to_owned()),
        date_to: Some("2026-01-08".to_owned()),
        interval: Some("day".to_string()),
        ..TrendQuery::new()
    };
    trend(&insights_api::query_trend(&api, &project, question, None).await?);

    let timing = InsightTiming { name: Some("Weekly sign-ups".to_owned()), ..InsightTiming::new() };
    insights_api::record_insight_timing(&api, &project, timing, None).await?;

    persons_api::delete_person(&api, &project, &bob, None, Some(true)).await?;
    match persons_api::get_person(&api, &project, &bob, None).await {
        Err(Error::ResponseError(answer)) => assert_eq!(answer.status.as_u16(), 404),
        other => panic!("bob is still there: {other:?}"),
    }
    Ok(())
}

fn trend(answer: &Trend) {
    assert_eq!(answer.result.len(), 1);
    let series = &answer.result[0];
    assert_eq!(series.data, Some(Some(vec![1.0, 2.0, 1.0, 1.0])));
    let days = ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"];
    assert_eq!(series.days, Some(days.map(str::to_owned).to_vec()));
    assert_eq!(series.count, Some(Some(5.0)));
    assert_eq!(series.label, Some(Some("$pageview".to_owned())));
}
