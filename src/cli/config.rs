//! `roadmap config`: what is set and where, one value at a time, and the JSON Schema of a roadmap's files.

use super::context::{Context, Settings, config_file};
use crate::curriculum::{PhasesFile, Stage};
use crate::error::{Doing, Error, Result, nearest};
use serde_json::json;
use std::fs;

/// `roadmap config`.
#[derive(clap::Args)]
pub struct Arguments {
    /// workspace, roadmap or language
    #[arg(requires = "value")]
    pub key: Option<String>,
    /// Its value; an empty one takes the setting back
    pub value: Option<String>,
    /// Print the JSON Schema of a stage's or of the phases' TOML, for editors
    #[arg(long, value_name = "stage|phases", conflicts_with = "key")]
    pub schema: Option<String>,
}

/// Shows or changes the settings.
pub fn run(context: &Context, arguments: &Arguments) -> Result<u8> {
    let screen = &context.screen;
    if let Some(which) = &arguments.schema {
        let schema = match which.as_str() {
            "stage" => schemars::schema_for!(Stage),
            "phases" => schemars::schema_for!(PhasesFile),
            other => {
                return Err(Error::usage(format!("there is no schema `{other}`")).hint("roadmap config --schema stage"));
            }
        };
        let text = serde_json::to_string_pretty(&schema).doing(|| "writing the schema".to_owned())?;
        screen.print(&format!("{text}\n"));
        return Ok(0);
    }
    let path = config_file()?;
    let mut settings = Settings::read()?;
    if let (Some(key), Some(value)) = (&arguments.key, &arguments.value) {
        settings.set(key, value)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).doing(|| format!("creating {}", folder.display()))?;
        }
        let text = toml::to_string(&settings).doing(|| "writing the settings".to_owned())?;
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
    }
    if context.json {
        screen.print(&format!("{}\n", json!({"schema": 1, "file": path, "settings": settings})));
        return Ok(0);
    }
    let mut out = format!("settings     {}\n", path.display());
    for (key, value) in settings.pairs() {
        out.push_str(&format!("{key:<12} {}\n", value.unwrap_or_else(|| "(not set)".to_owned())));
    }
    out.push_str(&format!(
        "answers in   {}\nprogress in  {}\n",
        context.workspace.root.display(),
        context.store.path().display()
    ));
    screen.print(&out);
    Ok(0)
}

impl Settings {
    /// Each key and its value.
    pub fn pairs(&self) -> [(&'static str, Option<String>); 3] {
        let path = |p: &Option<std::path::PathBuf>| p.as_ref().map(|p| p.display().to_string());
        [("workspace", path(&self.workspace)), ("roadmap", path(&self.roadmap)), ("language", self.language.clone())]
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let value = Some(value.to_owned()).filter(|v| !v.is_empty());
        match key {
            "workspace" => self.workspace = value.map(|v| std::path::absolute(&v).unwrap_or_else(|_| v.into())),
            "roadmap" => self.roadmap = value.map(|v| std::path::absolute(&v).unwrap_or_else(|_| v.into())),
            "language" => {
                if let Some(word) = &value {
                    super::context::language(word)
                        .map_err(|e| Error::usage(e).hint("roadmap config language python"))?;
                }
                self.language = value;
            }
            other => {
                let keys = ["workspace", "roadmap", "language"];
                let hint = match nearest(other, keys) {
                    Some(near) => format!("did you mean: roadmap config {near} {}", value.unwrap_or_default()),
                    None => format!("the settings are {}", keys.join(", ")),
                };
                return Err(Error::usage(format!("there is no setting `{other}`")).hint(hint));
            }
        }
        Ok(())
    }
}
