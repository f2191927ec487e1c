//! Versions and releases: the change log, and the workflow that builds and signs.

use yaml_serde::Value;

const CHANGELOG: &str = include_str!("../../../CHANGELOG.md");
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn the_change_log_has_this_version() {
    let entries: Vec<_> = CHANGELOG.lines().filter_map(|line| line.strip_prefix("## [")).collect();
    assert_eq!(entries[0], "Unreleased]");
    let (version, date) = entries[1].split_once("] - ").unwrap();
    assert_eq!(version, VERSION, "Cargo.toml and CHANGELOG.md");
    let is_date = date.len() == 10 && date.split('-').all(|part| part.parse::<u16>().is_ok());
    assert!(is_date || date == "unreleased", "{date}");
    let formats: Vec<_> = CHANGELOG.lines().filter(|line| line.starts_with(&format!("| {VERSION} |"))).collect();
    assert_eq!(formats.len(), 1, "a data format for the version");
}

#[test]
fn the_security_policy_has_this_minor_version() {
    let minor = VERSION.rsplit_once('.').unwrap().0;
    assert!(include_str!("../../../SECURITY.md").contains(&format!("| {minor} | yes |")));
}

fn jobs(workflow: &str) -> Vec<(String, Value)> {
    let workflow: Value = yaml_serde::from_str(workflow).unwrap();
    let jobs = workflow["jobs"].as_mapping().unwrap();
    jobs.iter().map(|(name, job)| (name.as_str().unwrap().to_owned(), job.clone())).collect()
}

#[test]
fn a_job_that_can_sign_runs_no_code_of_the_repository() {
    let mut signing = Vec::new();
    for workflow in
        [include_str!("../../../.github/workflows/checks.yml"), include_str!("../../../.github/workflows/release.yml")]
    {
        for (name, job) in jobs(workflow) {
            let steps = job["steps"].as_sequence().unwrap();
            let uses: Vec<_> = steps.iter().filter_map(|step| step.get("uses")?.as_str()).collect();
            for action in &uses {
                let (_, commit) = action.split_once('@').unwrap();
                assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
            }
            let permissions = job.get("permissions").and_then(Value::as_mapping);
            if permissions.is_some_and(|all| all.get("id-token").is_some()) {
                assert!(steps.iter().all(|step| step.get("run").is_none()), "{name}");
                assert!(uses.iter().all(|action| !action.starts_with("actions/checkout@")), "{name}");
                signing.push(name);
            }
        }
    }
    assert_eq!(signing, ["attest"]);
}
