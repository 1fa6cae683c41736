//! What commands share: the roadmap, the labs, the store, the workspace, and which lab is meant.

use super::Global;
use crate::curriculum::{Roadmap, toml_problem};
use crate::error::{Error, Result};
use crate::grading::Lab;
use crate::labs;
use crate::progress::Store;
use crate::study::Study;
use crate::submission::{Language, Workspace, on_path};
use crate::term::Screen;
use etcetera::BaseStrategy;
use std::path::PathBuf;

/// Everything that a command works with.
pub struct Context {
    /// The terminal.
    pub screen: Screen,
    /// `--json`.
    pub json: bool,
    /// The roadmap.
    pub roadmap: Roadmap,
    /// All labs.
    pub labs: Vec<Lab>,
    /// The progress.
    pub store: Store,
    /// The learner's folder.
    pub workspace: Workspace,
    /// The language of the settings.
    language: Option<Language>,
}

impl Context {
    /// Opens everything.
    pub fn new(global: Global, screen: Screen) -> Result<Self> {
        let settings = Settings::read()?;
        let roadmap = labs::roadmap(global.roadmap.as_deref().or(settings.roadmap.as_deref()))?;
        let labs = labs::all()?;
        let store = Store::open(&data_folder()?.join("progress.db"))?;
        let root = match global.workspace.or(settings.workspace) {
            Some(root) => std::path::absolute(&root).unwrap_or(root),
            None => home()?.join("roadmap"),
        };
        let language = settings.language.as_deref().and_then(Language::of);
        Ok(Self { screen, json: global.json, roadmap, labs, store, workspace: Workspace { root }, language })
    }

    /// Where the learner stands.
    pub fn study(&self) -> Result<Study<'_>> {
        Ok(Study::new(&self.roadmap, &self.labs, self.store.summaries()?))
    }

    /// The lab that is meant: by name, by the current folder, or the one that `next` proposes.
    pub fn lab(&self, name: Option<&str>) -> Result<Lab> {
        if let Some(name) = name {
            return labs::find(&self.labs, name).cloned();
        }
        if let Some(lab) = self.lab_of_folder() {
            return Ok(lab.clone());
        }
        let study = self.study()?;
        let recent = self.store.summaries()?.into_iter().max_by_key(|s| s.last_at);
        let proposal = study.next(None).first().map(|proposal| proposal.lab);
        let slug = recent.map(|s| s.lab).filter(|slug| self.labs.iter().any(|l| l.slug() == slug));
        match slug.as_deref().or(proposal) {
            Some(slug) => labs::find(&self.labs, slug).cloned(),
            None => Err(Error::usage("there is no lab yet").hint("see the roadmap: roadmap list")),
        }
    }

    /// The lab whose folder of the workspace is the current one.
    pub fn lab_of_folder(&self) -> Option<&Lab> {
        let here = std::env::current_dir().ok()?.canonicalize().ok()?;
        let root = self.workspace.root.canonicalize().ok()?;
        let first = here.strip_prefix(root).ok()?.components().next()?;
        self.labs.iter().find(|lab| first.as_os_str() == lab.slug())
    }

    /// The language for a lab: as asked, as last used there, else the one that this machine can run.
    pub fn language(&self, lab: &str, asked: Option<Language>) -> Result<Language> {
        if let Some(language) = asked {
            return Ok(language);
        }
        let last = self.store.last_event(lab, "opened")?.and_then(|(_, detail)| Language::of(&detail));
        let last = match last {
            Some(language) => Some(language),
            None => self.store.last_event_anywhere("opened")?.and_then(|detail| Language::of(&detail)),
        };
        let runs = |program: &str| on_path(program).is_some();
        let here = if runs("rustc") || !runs("python3") { Language::Rust } else { Language::Python };
        Ok(last.or(self.language).unwrap_or(here))
    }
}

/// What the settings file may hold; words on the command line and the environment win over it.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where answers lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<PathBuf>,
    /// A roadmap of the learner's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roadmap: Option<PathBuf>,
    /// rust or python, for labs that were never opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl Settings {
    /// The settings file, if there is one.
    pub fn read() -> Result<Self> {
        let path = config_file()?;
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(Self::default()) };
        Ok(toml::from_str(&text).map_err(|e| toml_problem(&path.display().to_string(), &text, &e))?)
    }
}

/// `config.toml` in the XDG configuration folder.
pub fn config_file() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy().map_err(|_| no_home())?;
    Ok(base.config_dir().join("roadmap").join("config.toml"))
}

/// `ROADMAP_DATA`, else the XDG data folder.
pub fn data_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("ROADMAP_DATA").filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let base = etcetera::choose_base_strategy().map_err(|_| no_home())?;
    Ok(base.data_dir().join("roadmap"))
}

fn home() -> Result<PathBuf> {
    etcetera::home_dir().map_err(|_| no_home())
}

fn no_home() -> Error {
    Error::environment("there is no home folder").hint("say where things go: set ROADMAP_DATA and ROADMAP_WORKSPACE")
}

/// `--lang`.
pub fn language(word: &str) -> Result<Language, String> {
    Language::of(word).ok_or_else(|| "the languages are `rust` and `python`".to_owned())
}
