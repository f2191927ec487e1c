//! The settings of a session.

use crate::Release::{V2_0_2, V2_0_3, V2_0_6, V2_0_8, V2_0_10, V2_0_11};
use crate::kinds::TEXTS;
use crate::schema::{Field, Generated, Kind, Type};

/// The settings of a session.
pub static CONFIG: Kind = Kind::new(
    "config",
    "The settings of a session.",
    &[
        Field::required("workspace_id", Type::Text, "The workspace that the agent works in."),
        Field::generated("name", Type::Text, Generated::SessionName, "The name that is shown."),
        Field::object("naming", &NAMING, "How the session gets its name.").since(V2_0_8),
        Field::nullable("cwd", &Type::Text, "The working directory.").since(V2_0_6),
        Field::nullable("chat_model_config", &Type::Object(&CHAT_MODEL), "The chat model."),
        Field::nullable(
            "fallback_chat_model_config",
            &Type::Object(&CHAT_MODEL),
            "The model that is used when the chat model fails.",
        ),
        Field::nullable("tts_model_config", &Type::Object(&TTS_MODEL), "The text-to-speech model.").since(V2_0_2),
        Field::nullable("realtime_model_config", &Type::Object(&REALTIME_MODEL), "The model of voice sessions.")
            .since(V2_0_10),
        Field::nullable("knowledge_config", &Type::Object(&KNOWLEDGE), "The knowledge bases.").since(V2_0_3),
    ],
);

/// How a session gets its name.
pub static NAMING: Kind = Kind::new(
    "naming",
    "How a session gets its name.",
    &[Field::default("auto", Type::Boolean, "false", "Whether the service names the session.").since(V2_0_8)],
);

const fn provider() -> Field {
    Field::required("type", Type::Text, "The provider, as `dashscope`.")
}

const fn credential_id() -> Field {
    Field::required("credential_id", Type::Text, "The id of the credential to call the provider with, never a secret.")
}

const fn model() -> Field {
    Field::required("model", Type::Text, "The model's name at the provider.")
}

const fn parameters() -> Field {
    Field::required("parameters", Type::Free, "Parameters of the call, free-form.")
}

/// A chat model and how to call it.
pub static CHAT_MODEL: Kind = Kind::new(
    "chat_model_config",
    "A chat model and how to call it.",
    &[
        provider(),
        credential_id(),
        model(),
        Field::default("model_class", Type::Text, r#""""#, "The class that calls the model.").since(V2_0_11),
        parameters(),
    ],
);

/// A text-to-speech model and how to call it.
pub static TTS_MODEL: Kind = Kind::new(
    "tts_model_config",
    "A text-to-speech model and how to call it.",
    &[provider().since(V2_0_2), credential_id().since(V2_0_2), model().since(V2_0_2), parameters().since(V2_0_2)],
);

/// A model of voice sessions and how to call it.
pub static REALTIME_MODEL: Kind = Kind::new(
    "realtime_model_config",
    "A model of voice sessions and how to call it.",
    &[provider().since(V2_0_10), credential_id().since(V2_0_10), model().since(V2_0_10), parameters().since(V2_0_10)],
);

/// The knowledge bases of a session.
pub static KNOWLEDGE: Kind = Kind::new(
    "knowledge_config",
    "The knowledge bases of a session.",
    &[
        Field::default("knowledge_base_ids", TEXTS, "[]", "The knowledge bases.").since(V2_0_3),
        Field::default("parameters", Type::Free, "{}", "Parameters of the search, free-form.").since(V2_0_3),
    ],
);
