//! Coming back to what was learnt: when an item is due again, which items a lab has, and whether a typed answer is right.
//! No I/O, no store.

mod card;
mod item;
mod schedule;

pub use card::{Read, half, read};
pub use item::{Item, What, items};
pub use schedule::{DAY, Rating, Strength, days_between, next};
