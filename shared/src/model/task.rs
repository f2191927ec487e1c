//! The task list of an agent.

use super::Object;
use super::generated;
use super::record::{names, record};

names! {
    /// How far a task is.
    pub enum TaskState {
        /// Not begun.
        Pending = "pending",
        /// Being worked on.
        InProgress = "in_progress",
        /// Done.
        Completed = "completed",
    }
}

record! {
    /// A task.
    pub struct Task {
        /// What it is about.
        pub subject: String,
        /// What is to be done.
        pub description: String,
        /// Anything that the agent attached.
        pub metadata: Object,
        /// When it was created: text, as it came.
        pub created_at: String = generated::now_text(),
        /// How far it is.
        pub state: TaskState = TaskState::Pending,
        /// The task's id.
        pub id: String = generated::id(),
        /// Who works on it.
        pub owner: Option<String> = None,
        /// The tasks that wait for this one.
        pub blocks: Vec<String> = Vec::new(),
        /// The tasks that this one waits for.
        pub blocked_by: Vec<String> = Vec::new(),
    }
}

record! {
    /// The task list.
    #[derive(Default)]
    pub struct TaskContext {
        /// The tasks, in the agent's order.
        pub tasks: Vec<Task> = Vec::new(),
    }
}
