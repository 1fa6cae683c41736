//! What can come back: the predict steps of a lab and its cards, each under an id that outlives the binary.

use crate::grading::Lab;
use crate::lab::{Card, Step};
use crate::verdict::Kind;

/// One thing that is asked again.
#[derive(Clone)]
pub struct Item<'a> {
    /// `step:LAB/STEP` or `card:LAB/HASH`.
    pub id: String,
    /// Its lab.
    pub lab: &'a Lab,
    /// What is asked.
    pub what: What<'a>,
}

/// A step or a card.
#[derive(Clone, Copy)]
pub enum What<'a> {
    /// A predict step, with new numbers each time.
    Step(&'a Step),
    /// A card, typed.
    Card(&'a Card),
}

impl Item<'_> {
    /// The step, where it is one.
    pub fn step(&self) -> Option<&str> {
        match self.what {
            What::Step(step) => Some(&step.id),
            What::Card(_) => None,
        }
    }
}

/// Everything of a lab that can come back.
pub fn items(lab: &Lab) -> impl Iterator<Item = Item<'_>> {
    let slug = lab.slug();
    let steps = lab.manifest.steps.iter().filter(|step| step.kind == Kind::Predict);
    let steps = steps.map(move |step| Item { id: format!("step:{slug}/{}", step.id), lab, what: What::Step(step) });
    let cards = lab.manifest.cards.iter();
    let cards = cards.map(move |card| Item { id: card_id(slug, &card.question), lab, what: What::Card(card) });
    steps.chain(cards)
}

/// The same question of the same lab is the same card, whatever stands around it.
fn card_id(slug: &str, question: &str) -> String {
    let words = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, words.as_bytes()).simple().to_string();
    format!("card:{slug}/{}", &hash[..8])
}

#[cfg(test)]
mod tests {
    use super::card_id;

    #[test]
    fn a_card_keeps_its_id() {
        assert_eq!(card_id("a-lab", "Why?"), card_id("a-lab", " Why? \n"));
        assert_ne!(card_id("a-lab", "Why?"), card_id("a-lab", "Why not?"));
        assert!(card_id("a-lab", "Why?").starts_with("card:a-lab/"));
    }
}
