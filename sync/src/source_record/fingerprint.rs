//! The fingerprint of a source record, which its replica stores.

use agentscope_model::Release;
use agentscope_store::{RecordKind, SourceFingerprint};
use sha2::{Digest, Sha256};

use crate::source::sessions::SessionFacts;

/// The version of the transformation from source record to replica. A change of the transformation
/// increments it, so that every replica is written again.
const FORMAT: u8 = 3;

/// Hashes the release, the record's whole text, and the lists that a session is on.
pub(super) fn of(release: Release, kind: RecordKind, facts: Option<&SessionFacts>, text: &[u8]) -> SourceFingerprint {
    let [is_on_agent_list, is_on_schedule_list] =
        facts.map_or([true; 2], |facts| [facts.is_on_agent_list, facts.is_on_schedule_list]);
    let mut hash = Sha256::new();
    hash.update([FORMAT, kind as u8, u8::from(is_on_agent_list), u8::from(is_on_schedule_list)]);
    hash.update([u8::try_from(release.as_str().len()).unwrap_or_default()]);
    hash.update(release.as_str());
    hash.update(text);
    SourceFingerprint { digest: hash.finalize().into(), is_on_agent_list, is_on_schedule_list }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sessions::Lock;

    #[test]
    fn it_covers_release_text_kind_and_lists() {
        let facts =
            |agent, schedule| SessionFacts { is_on_agent_list: agent, is_on_schedule_list: schedule, lock: Lock::Free };
        let oldest = |kind, facts: Option<&SessionFacts>, text: &[u8]| of(Release::OLDEST, kind, facts, text);
        let fingerprints = [
            oldest(RecordKind::Agent, None, b"{}"),
            of(Release::V2_0_4_POST1, RecordKind::Agent, None, b"{}"),
            of(Release::V2_0_4, RecordKind::Agent, None, b"{}"),
            oldest(RecordKind::Agent, None, b"{ }"),
            oldest(RecordKind::Team, None, b"{}"),
            oldest(RecordKind::Session, Some(&facts(true, true)), b"{}"),
            oldest(RecordKind::Session, Some(&facts(true, false)), b"{}"),
            oldest(RecordKind::Session, Some(&facts(false, true)), b"{}"),
        ];
        for (number, fingerprint) in fingerprints.iter().enumerate() {
            assert!(fingerprints[..number].iter().all(|other| other.digest != fingerprint.digest));
        }
        let locked = SessionFacts { lock: Lock::Until(std::time::Duration::from_secs(5)), ..facts(true, true) };
        assert_eq!(oldest(RecordKind::Session, Some(&locked), b"{}"), fingerprints[5]);
    }
}
