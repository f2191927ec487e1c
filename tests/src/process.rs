//! How `agentscope-sync` is started: by its image, by ECS, and by systemd.

use serde_json::Value;

use crate::template::Template;

const DOCKERFILE: &str = include_str!("../../sync/deploy/Dockerfile");
const UNIT: &str = include_str!("../../sync/deploy/agentscope-sync.service");

/// Where the program lies, in the image and on a machine.
const PROGRAM: &str = "/usr/local/bin/agentscope-sync";

/// Who starts the program, and the arguments that it gets, without its own name.
pub type Start = (&'static str, Vec<String>);

/// How the process is started.
///
/// # Panics
///
/// Something starts another program.
pub fn starts(template: &Template) -> Vec<Start> {
    assert_eq!(texts(&parsed(&instruction("ENTRYPOINT"))), [PROGRAM]);
    vec![
        ("the image", texts(&parsed(&instruction("CMD")))),
        ("ECS", texts(&container(template)["Command"])),
        ("systemd", arguments(&setting("ExecStart").split(' ').map(str::to_owned).collect::<Vec<_>>())),
    ]
}

/// The health checks: who runs them, and the arguments.
///
/// # Panics
///
/// A check starts another program, or a shell.
pub fn checks(template: &Template) -> Vec<Start> {
    let image = instruction("HEALTHCHECK");
    let ecs = texts(&container(template)["HealthCheck"]["Command"]);
    assert_eq!(ecs[0], "CMD");
    vec![("the image", arguments(&texts(&parsed(image.split_once("CMD ").unwrap().1)))), ("ECS", arguments(&ecs[1..]))]
}

/// The only container of ECS's task.
///
/// # Panics
///
/// There are others.
pub fn container(template: &Template) -> Value {
    let task = template.resources().remove("Task").unwrap();
    let [container] = &task["Properties"]["ContainerDefinitions"].as_array().unwrap()[..] else { panic!("{task}") };
    container.clone()
}

/// What an instruction of the Dockerfile says about the image itself, rather than about the one
/// that builds it.
///
/// # Panics
///
/// It does not say it exactly once.
pub fn instruction(name: &str) -> String {
    let image = DOCKERFILE.rsplit_once("\nFROM ").unwrap().1.replace("\\\n", "");
    only(&image, &format!("{name} ")).to_owned()
}

/// What a setting of the unit says.
///
/// # Panics
///
/// It does not say it exactly once.
pub fn setting(name: &str) -> &'static str {
    only(UNIT, &format!("{name}="))
}

fn only<'a>(text: &'a str, prefix: &str) -> &'a str {
    let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(prefix)).collect();
    let [value] = found[..] else { panic!("{prefix}: {found:?}") };
    value
}

fn arguments(command: &[String]) -> Vec<String> {
    assert_eq!(command[0], PROGRAM);
    command[1..].to_vec()
}

/// The exec form of an instruction, which needs no shell.
fn parsed(instruction: &str) -> Value {
    serde_json::from_str(instruction).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}
