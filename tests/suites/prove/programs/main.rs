//! Call the operations with the client that openapi-generator makes in Rust.

use openapi::apis::configuration::Configuration;
use openapi::apis::{insights_api as insights, persons_api as persons, Error};
use openapi::models::*;
use serde_json::{json, Value};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;

/// An operation: its name, and a call that gives the status, where the client tells it, and what was read.
type Row<'a> = (&'static str, Pin<Box<dyn Future<Output = (String, Value)> + 'a>>);

fn row<'a, T: 'a, E: Debug + 'a>(
    name: &'static str,
    call: impl Future<Output = Result<T, Error<E>>> + 'a,
    read: fn(T) -> Value,
) -> Row<'a> {
    let made = async move {
        match call.await {
            Ok(found) => ("done".to_owned(), read(found)),
            Err(Error::ResponseError(answer)) => {
                let body: ApiErrorBody = serde_json::from_str(&answer.content).expect("an error in JSON");
                (answer.status.as_u16().to_string(), json!(body.code))
            }
            Err(error) => panic!("{name}: {error:?}"),
        }
    };
    (name, Box::pin(made))
}

// The two trends are deprecated, and called all the same.
#[allow(deprecated)]
#[rustfmt::skip]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), std::env::VarError> {
    let api = Configuration {
        base_path: std::env::var("POSTHOG_HOST")?,
        bearer_access_token: Some(std::env::var("POSTHOG_PERSONAL_API_KEY")?),
        ..Configuration::new()
    };
    let (project, ada, bob) = (std::env::var("POSTHOG_PROJECT_ID")?, std::env::var("ADA")?, std::env::var("BOB")?);
    let update = PersonUpdate { properties: Some(json!({"plan": "team"})) };
    let removal = PropertyDeletion { dollar_unset: Some("plan".to_owned()), ..PropertyDeletion::new() };
    let event = Entity { id: Some(Some(json!("$pageview"))), ..Entity::new() };
    let question = TrendQuery {
        events: Some(vec![event]),
        date_from: Some("2026-01-05".to_owned()),
        date_to: Some("2026-01-08".to_owned()),
        interval: Some("day".to_owned()),
        ..TrendQuery::new()
    };
    let timing = InsightTiming { name: Some("Weekly sign-ups".to_owned()), ..InsightTiming::new() };

    let rows: Vec<Row> = vec![
        row("listPersons", persons::list_persons(&api, &project, None, None, None, None, None, None, None, Some(true)), page),
        row("getPerson", persons::get_person(&api, &project, &ada, None), person),
        row("getPersonPropertiesTimeline", persons::get_person_properties_timeline(&api, &project, &ada, None, None, None, None, Some("2026-01-01"), Some("2026-01-09"), Some("plan"), Some("person"), None, None), timeline),
        row("updatePerson", persons::update_person(&api, &project, &ada, update, None), |found| json!(found.properties)),
        row("deletePersonProperty", persons::delete_person_property(&api, &project, &ada, removal, None, Some("plan")), nothing),
        row("getPerson", persons::get_person(&api, &project, &ada, None), person),
        row("listPersonActivity", persons::list_person_activity(&api, &project, &ada, None, Some(1), Some(1)), log),
        row("queryTrend", insights::query_trend(&api, &project, question, None), trend),
        row("getTrend", insights::get_trend(&api, &project, None, Some(r#"[{"id":"$pageview"}]"#), None, None, None, Some("2026-01-05"), Some("2026-01-08"), None, None, None, None, None, None, Some("day"), None), trend),
        row("recordInsightTiming", insights::record_insight_timing(&api, &project, timing, None), nothing),
        row("deletePerson", persons::delete_person(&api, &project, &bob, None, Some(true)), nothing),
        row("getPerson", persons::get_person(&api, &project, &bob, None), person),
    ];
    for (name, call) in rows {
        let (status, read) = call.await;
        println!("{name} {status} {read}");
    }
    Ok(())
}

fn page(found: PersonPage) -> Value {
    let names: Vec<Option<String>> = found.results.iter().map(|one| one.name.clone().flatten()).collect();
    json!([found.count, found.next, names, found.results[2].id])
}

fn person(found: Person) -> Value {
    let moment = found.created_at.flatten().map(|moment| moment.to_rfc3339());
    json!([found.uuid.to_string(), found.id, found.distinct_ids, found.properties, moment])
}

fn timeline(found: PropertiesTimeline) -> Value {
    let counts: Vec<_> = found.points.iter().map(|point| point.relevant_event_count.flatten()).collect();
    let plans: Vec<_> =
        found.points.iter().map(|point| point.properties.clone().flatten().unwrap()["plan"].clone()).collect();
    let moment = found.points[1].timestamp.flatten().map(|moment| moment.to_rfc3339());
    json!([counts, plans, moment, found.crucial_property_keys])
}

fn log(found: ActivityPage) -> Value {
    let activities: Vec<_> = found.results.iter().map(|entry| entry.activity.clone()).collect();
    let first = &found.results[0];
    let changes = first.detail.clone().flatten().unwrap().changes.flatten().unwrap();
    json!([found.total_count, activities, first.item_id, changes[0].action])
}

fn trend(found: Trend) -> Value {
    found.result.iter().map(|series| json!([series.data, series.days, series.count, series.label])).collect()
}

fn nothing(_: ()) -> Value {
    Value::Null
}
