//! What the tests share: a DynamoDB, a Runtime API, events, data.

pub mod claims;
pub mod compressed;
pub mod dynamodb;
pub mod emf;
pub mod events;
pub mod golden;
pub mod lists;
pub mod policy;
pub mod process;
pub mod proxy;
pub mod recorder;
pub mod records;
pub mod redis;
pub mod replicas;
pub mod responses;
pub mod runtime_api;
pub mod template;
pub mod wire;
