//! Writing agents, teams and schedules: check, put and delete.

use agentscope_model::{AgentRecord, ScheduleRecord, TeamRecord};

use crate::documents::{agent_item, schedule_item, team_item};
use crate::item::{Item, key};
use crate::{ConstraintViolation, Store, StoreError, keys};

impl Store {
    /// # Errors
    ///
    /// The agent cannot be kept in its table.
    pub fn check_agent(agent: &AgentRecord) -> Result<(), ConstraintViolation> {
        agent_item(agent).map(drop)
    }

    /// # Errors
    ///
    /// The team cannot be kept in its table.
    pub fn check_team(team: &TeamRecord) -> Result<(), ConstraintViolation> {
        team_item(team).map(drop)
    }

    /// # Errors
    ///
    /// The schedule cannot be kept in its table.
    pub fn check_schedule(schedule: &ScheduleRecord) -> Result<(), ConstraintViolation> {
        schedule_item(schedule).map(drop)
    }

    /// Writes an agent, new or not.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn put_agent(&self, agent: &AgentRecord) -> Result<(), StoreError> {
        self.put(&self.names.agents, agent_item(agent)?).await
    }

    /// Writes a team, new or not.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn put_team(&self, team: &TeamRecord) -> Result<(), StoreError> {
        self.put(&self.names.teams, team_item(team)?).await
    }

    /// Writes a schedule, new or not.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond, or the record does not fit an item.
    pub async fn put_schedule(&self, schedule: &ScheduleRecord) -> Result<(), StoreError> {
        self.put(&self.names.schedules, schedule_item(schedule)?).await
    }

    /// Deletes an agent; nothing happens if there is none.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn delete_agent(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        self.delete(&self.names.agents, user_id, id).await
    }

    /// Deletes a team; nothing happens if there is none.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn delete_team(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        self.delete(&self.names.teams, user_id, id).await
    }

    /// Deletes a schedule; nothing happens if there is none.
    ///
    /// # Errors
    ///
    /// DynamoDB does not respond.
    pub async fn delete_schedule(&self, user_id: &str, id: &str) -> Result<(), StoreError> {
        self.delete(&self.names.schedules, user_id, id).await
    }

    async fn put(&self, table: &str, item: Item) -> Result<(), StoreError> {
        self.client.put_item().table_name(table).set_item(Some(item)).send().await?;
        Ok(())
    }

    async fn delete(&self, table: &str, user_id: &str, id: &str) -> Result<(), StoreError> {
        if keys::can_exist(user_id, id) {
            self.client.delete_item().table_name(table).set_key(Some(key(user_id, "id", id))).send().await?;
        }
        Ok(())
    }
}
