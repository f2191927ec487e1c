//! Change marks: small items that say which records of a user changed a moment ago.
//!
//! An index is eventually consistent. Before a writer changes what a list shows, it leaves a mark
//! beside the run leases. The consistent Query of the leases reads the marks as well, so a list
//! knows which rows of an index may be out of date, and reads those sessions at their heads.
//!
//! A mark is written before the change, so no list sees the change without the mark. A mark whose
//! change fails costs reads of the head, and changes no list.
//!
//! Agents and teams are marked as well. A mark holds a digest of the JSON that is written. If an
//! eventually consistent read finds other JSON, the record is read with strong consistency.
//!
//! The sort key of a mark begins with a period of time. A Query starts at the first period that
//! matters, so it does not read the older marks that DynamoDB has not deleted yet.

use std::collections::{HashMap, HashSet};

use agentscope_model::SessionRecord;
use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::attributes::{EXPIRES_AT, ITEM, RECORDS, REFERENCES};
use crate::item::{Fields, Item, number, text};
use crate::lease::now;
use crate::tables::TableRef;
use crate::{AgentKey, ListKey, RecordKind, SourceFingerprint, Store, StoreError, keys};

/// The length of a period, in seconds. The marks of one record in a period are one item.
const PERIOD: u64 = 5;

/// The minimum life of a mark, in seconds: longer than an index lags.
const LIFE: u64 = 60;

/// The records of a user that changed in the last minute.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    user_id: String,
    sessions: HashMap<String, SessionChange>,
    /// The digests of the announced JSON of agents and teams, by kind and id. That of a deleted
    /// document is empty.
    documents: HashMap<(RecordKind, String), HashSet<String>>,
}

/// The change of a session.
#[derive(Debug, Clone, Default)]
struct SessionChange {
    /// The latest version that a writer announced.
    version: String,
    /// The range key of that version in the indexes; empty if the session is on no agent's list.
    listing: String,
    /// The lists and the teams that the session belongs to in one of its versions.
    references: HashSet<String>,
}

impl Changes {
    pub(crate) fn new(user_id: &str) -> Self {
        Self { user_id: user_id.to_owned(), ..Self::default() }
    }

    /// Adds a mark. Marks are added in the order of their keys, and so of their periods.
    pub(crate) fn add(&mut self, table: TableRef<'_>, item: Item) -> Result<(), StoreError> {
        let mut fields = Fields::new(table, item);
        let records = fields.texts(RECORDS)?;
        let references = fields.text_set(REFERENCES)?;
        let key = fields.text(ITEM)?;
        let kind = key.split('#').nth(2).unwrap_or_default();
        for record in records.chunks_exact(3) {
            let [id, version, listing] = record else { continue };
            if kind == RecordKind::Session.as_str() {
                let change = self.sessions.entry(id.clone()).or_default();
                if *version > change.version {
                    change.version.clone_from(version);
                    change.listing.clone_from(listing);
                }
                change.references.extend(references.iter().cloned());
                continue;
            }
            for document in [RecordKind::Agent, RecordKind::Team] {
                if kind == document.as_str() {
                    let digests = self.documents.entry((document, id.clone())).or_default();
                    digests.extend(references.iter().chain([version]).cloned());
                }
            }
        }
        Ok(())
    }

    /// Whether no session changed.
    pub fn has_no_sessions(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The teams of these sessions, if they changed.
    pub fn teams_of<'a>(&'a self, session_ids: &'a [String]) -> impl Iterator<Item = &'a str> {
        let changes = session_ids.iter().filter_map(|id| self.sessions.get(id));
        changes.flat_map(|change| &change.references).filter_map(|reference| reference.strip_prefix(TEAM))
    }

    /// The sessions that changed and belong to a list, each with its range key in the index.
    pub(crate) fn sessions_of(&self, list: ListKey<'_>) -> impl Iterator<Item = (&String, &String)> {
        let list = reference_to(list);
        let on_list = self.sessions.iter().filter(move |(_, change)| change.references.contains(&list));
        on_list.map(|(id, change)| (id, &change.listing))
    }

    /// Whether this version of a session may be out of date.
    pub(crate) fn is_outdated(&self, id: &str, version: &str) -> bool {
        // An announced version may be lower than the row's, if a slow clock announced it.
        self.sessions.get(id).is_some_and(|change| *version != *change.version)
    }

    /// The agents on whose lists changed sessions are, each with the ids and range keys of these.
    pub(crate) fn sessions_by_agent(&self) -> HashMap<&str, Vec<(&str, &str)>> {
        let mut agents: HashMap<&str, Vec<_>> = HashMap::new();
        for (id, change) in &self.sessions {
            for agent_id in change.agents() {
                agents.entry(agent_id).or_default().push((id.as_str(), change.listing.as_str()));
            }
        }
        agents
    }

    /// Whether all changes of a session leave it on the list of this agent at this range key. A
    /// session without changes is where its row is.
    pub(crate) fn confirms(&self, id: &str, agent_id: &str, listing: &str) -> bool {
        self.sessions.get(id).is_none_or(|change| change.listing == listing && change.agents().eq([agent_id]))
    }

    /// Whether an agent that was read as this JSON, or was not found, may be out of date.
    pub(crate) fn is_agent_outdated(&self, key: &AgentKey, json: Option<&str>) -> bool {
        key.user_id == self.user_id && self.is_document_outdated(RecordKind::Agent, &key.id, json)
    }

    /// Whether a team that was read as this JSON, or was not found, may be out of date.
    pub(crate) fn is_team_outdated(&self, id: &str, json: Option<&str>) -> bool {
        self.is_document_outdated(RecordKind::Team, id, json)
    }

    fn is_document_outdated(&self, kind: RecordKind, id: &str, json: Option<&str>) -> bool {
        // A key of a map of tuples needs an owned text. Without changes none is made.
        !self.documents.is_empty()
            && self.documents.get(&(kind, id.to_owned())).is_some_and(|announced| {
                // Of several announced versions, none is known to be the last.
                let read = json.map(digest).unwrap_or_default();
                announced.len() != 1 || !announced.contains(&read)
            })
    }
}

/// A digest of a document's JSON, by which a reader knows whether it has read what was announced.
fn digest(json: &str) -> String {
    Sha256::digest(json)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl SessionChange {
    fn agents(&self) -> impl Iterator<Item = &str> {
        self.references.iter().filter_map(|reference| reference.strip_prefix(AGENT))
    }
}

/// The prefix of references to an agent's list.
const AGENT: &str = "agent#";
/// The prefix of references to a team.
const TEAM: &str = "team#";

fn reference_to(list: ListKey<'_>) -> String {
    match list {
        ListKey::Agent(id) => format!("{AGENT}{id}"),
        ListKey::Schedule(id) => format!("schedule#{id}"),
    }
}

/// What a changed session refers to: the lists that it is on, and its team.
pub(crate) fn references(session: &SessionRecord, source: Option<&SourceFingerprint>) -> Vec<String> {
    let team = session.team_id.as_ref().map(|id| format!("{TEAM}{id}"));
    references_to_lists(session, source).into_iter().chain(team).collect()
}

/// The lists that a changed session is on.
pub(crate) fn references_to_lists(session: &SessionRecord, source: Option<&SourceFingerprint>) -> Vec<String> {
    let is_on_agent_list = source.is_none_or(|source| source.is_on_agent_list);
    let is_on_schedule_list = source.is_none_or(|source| source.is_on_schedule_list);
    let agent = is_on_agent_list.then(|| reference_to(ListKey::Agent(&session.agent_id)));
    let schedule = session.schedule_id.as_deref().filter(|_| is_on_schedule_list);
    let schedule = schedule.map(|id| reference_to(ListKey::Schedule(id)));
    [agent, schedule].into_iter().flatten().collect()
}

/// The sort key from which the marks of the last minute are read.
pub(crate) fn first_key() -> String {
    keys::changes_since((now() - LIFE) / PERIOD)
}

/// A record in a mark: its id, the version that is written, and its range key in the indexes. The
/// version of a document is a digest. Only sessions on an agent's list have a range key.
pub(crate) type MarkedRecord = [String; 3];

/// A session in a mark.
pub(crate) fn marked_session(
    session: &SessionRecord,
    source: Option<&SourceFingerprint>,
    version: &str,
) -> MarkedRecord {
    let is_listed = source.is_none_or(|source| source.is_on_agent_list);
    let listing = is_listed.then(|| keys::listing(&session.user_id, &session.created_at, &session.id));
    let listing = listing.unwrap_or_default();
    [session.id.clone(), version.to_owned(), listing]
}

/// A deleted session in a mark. The version is later than the deleted one.
pub(crate) fn deleted_session(id: &str, version: &str) -> MarkedRecord {
    [id.to_owned(), version.to_owned(), String::new()]
}

/// A document in a mark, with the JSON that is written; without it, it is deleted.
pub(crate) fn marked_document(id: &str, json: Option<&str>) -> MarkedRecord {
    [id.to_owned(), json.map(digest).unwrap_or_default(), String::new()]
}

impl Store {
    /// Writes one mark of records of a user, which refer to the same lists and team. Concurrent
    /// writers of one record add up what it refers to, and the digests of a document. Lists show
    /// nothing of schedules, so these have no marks.
    pub(crate) async fn mark(
        &self,
        kind: RecordKind,
        user_id: &str,
        records: &[MarkedRecord],
        references: Vec<String>,
    ) -> Result<(), StoreError> {
        let table = self.names.of(RecordKind::Session);
        let now = now();
        let sort_key = match records {
            [[id, ..]] => keys::change(now / PERIOD, kind.as_str(), id),
            _ => keys::changes(now / PERIOD, kind.as_str(), &Uuid::now_v7().to_string()),
        };
        // The key of a mark is longer than that of its record: agents and teams whose escaped ids
        // have more than some 990 bytes have no marks.
        if kind == RecordKind::Schedule || records.is_empty() || !keys::can_exist(user_id, &sort_key) {
            return Ok(());
        }
        let digests = records.iter().map(|[_, digest, _]| digest.clone()).filter(|digest| !digest.is_empty());
        let references = match (kind, records) {
            (RecordKind::Session, _) => references,
            (_, [_]) => digests.collect(),
            _ => Vec::new(),
        };
        let records = records.iter().flatten().map(text).collect();
        let mut request = self
            .client
            .update_item()
            .table_name(table.name)
            .set_key(Some(table.key(user_id, sort_key)))
            .expression_attribute_names("#records", RECORDS)
            .expression_attribute_names("#expires_at", EXPIRES_AT)
            .expression_attribute_values(":records", AttributeValue::L(records))
            .expression_attribute_values(":expires_at", number(now + LIFE + PERIOD));
        let mut update = "SET #records = :records, #expires_at = :expires_at".to_owned();
        if !references.is_empty() {
            update.push_str(" ADD #references :references");
            request = request
                .expression_attribute_names("#references", REFERENCES)
                .expression_attribute_values(":references", AttributeValue::Ss(references));
        }
        request.update_expression(update).send().await?;
        Ok(())
    }
}
