//! The grammar of [`super::stories`] as tables: sentences with places in them, and the words that go there.
//!
//! `<table>` draws from a table afresh. `{slot}` draws at its first mention and says the same again at every later one.
//! Whoever adds an alternative: within a table, none may begin as another one does (a test holds that), because the text
//! has to tell which one was drawn. Two slots of one table never hold the same words.

/// A slot and the table that it is drawn from.
pub(super) const SLOTS: &[(&str, &str)] = &[
    ("hero", "name"),
    ("friend", "name"),
    ("town", "name"),
    ("things", "things"),
    ("kind", "animal"),
    ("pal", "animal"),
    ("asker", "cast"),
    ("other", "cast"),
    ("a", "many"),
    ("b", "many"),
    ("gift", "few"),
    ("hobby", "hobby"),
    ("refrain", "refrain"),
    ("door", "number"),
    ("site", "site"),
];

/// What the split between training and held-out text looks at: no combination of these four is in both.
pub(super) const SPLIT: [&str; 4] = ["hero", "friend", "town", "things"];

/// Slots that are computed from others and so are never a choice: what they are computed from.
pub(super) const COMPUTED: &[(&str, &[&str])] = &[
    ("sum", &["a", "b"]),
    ("count a", &["a"]),
    ("count b", &["b"]),
    ("a left", &["a", "gift"]),
    ("b left", &["b", "gift"]),
];

/// The story itself is the first table.
pub(super) const TABLES: &[(&str, &[&str])] = &[
    (
        "story",
        &["<opening> <company>\n<had> <ask>\n<trip> <roll> <door>\n<song> <trip> <count>\n<open> <give> <end>\n\n"],
    ),
    (
        "opening",
        &[
            "Once a <trait> {kind} called {hero} lived in {town}.",
            "One <season> a <trait> {kind} called {hero} came to {town}.",
            "On <day> a <trait> {kind} called {hero} left {town}.",
            "Old {hero} of {town} was a <trait> {kind}.",
        ],
    ),
    (
        "company",
        &[
            "With {hero} went {friend}, a <trait>, <trait> {pal}.",
            "Next door lived {friend} the {pal}, who liked to {hobby}.",
            "Soon {hero} met {friend}, a <trait> {pal} from <name>.",
            "Along came {friend} the {pal}, child of <name> and <name>.",
        ],
    ),
    ("had", &["{hero} had {a} {things} and {friend} had {b}."]),
    (
        "ask",
        &[
            "\"How many?\" asked {asker}. {a} + {b} = {sum}.",
            "So {asker} wrote {a} + {b} = {sum}.",
            "\"We have {sum}!\" cried {asker}, for {a} + {b} = {sum}.",
        ],
    ),
    (
        "trip",
        &[
            "They <went> to <name> and saw a <look> <thing>.",
            "In <name> {asker} <found> a <look>, <look> <thing>.",
            "A <look> <animal> called <name> <came>.",
            "Soon {hero} was <mood> and <name> was <mood>.",
            "\"Oh <word>, <word>!\" said the <look> <animal>.",
            "Past <name>, <name> and <name> they <went>.",
            "\"I am <mood>,\" said <cast> to <name> of <name>.",
            "Then came <name> the <animal> with a <look> <thing>.",
        ],
    ),
    (
        "roll",
        &[
            "There sat <name>, <name>, <name> and <name>.",
            "They asked <name>, <name>, <name> and <name>.",
            "\"Hello <name>, <name> and <name>!\" cried {friend}.",
        ],
    ),
    (
        "door",
        &[
            "A <look> door at the {site} had the number {door}.",
            "The number {door} was on the {site} of <name>.",
            "\"Remember {door},\" said <name> at the {site}.",
        ],
    ),
    (
        "song",
        &[
            "Then {other} sang: {refrain}",
            "So {hero} and {friend} made a song: {refrain}",
            "They heard <name> sing: {refrain}",
        ],
    ),
    (
        "refrain",
        &[
            "\"Hey ho, <word> <word> <word>!\"",
            "\"My <look> <thing>, <word>, <word>!\"",
            "\"Dance, <word>, dance, <word>, to <name>!\"",
            "\"Tell <name> the <animal> that I am <mood>!\"",
        ],
    ),
    ("count", &["They counted the {things} of {hero}: {count a}.", "And {friend} counted: {count b}."]),
    (
        "open",
        &[
            "At the {site} they knocked at {door}.",
            "\"The number?\" asked <cast>. \"It was {door}.\"",
            "With a <look> key {asker} opened {door}.",
        ],
    ),
    (
        "give",
        &[
            "{hero} gave {gift} to <name>, and {a} - {gift} = {a left}.",
            "{friend} gave {gift} to <name>, and {b} - {gift} = {b left}.",
        ],
    ),
    (
        "end",
        &[
            "In {town} they sang it again: {refrain}",
            "The {kind} and the {pal} still sing: {refrain}",
            "Time to {hobby}! And {hero} sang: {refrain}",
        ],
    ),
    ("cast", &["{hero}", "{friend}"]),
    (
        "name",
        &[
            "Ada", "Ben", "Cora", "Dov", "Elsa", "Finn", "Greta", "Hugo", "Iris", "Jonas", "Kira", "Leo", "Mona",
            "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Sven", "Tilda", "Uma", "Viktor", "Wanda", "Xenia", "Yara",
            "Zeno", "Bruno", "Clara", "Doris", "Emil", "Frida", "Gustav", "Hanna", "Ivo", "Jasper", "Klara", "Lukas",
            "Mira", "Noah", "Oskar", "Petra", "Rufus", "Selma", "Tomas", "Ulla", "Vera", "Willem", "Yusuf", "Zora",
            "Anton", "Bella", "Casper", "Diana", "Erik", "Flora", "Goran", "Hedda", "Ingrid", "Jakob", "Katja",
            "Linus", "Magda", "Nadia", "Otto",
        ],
    ),
    (
        "word",
        &[
            "hey",
            "lala",
            "dum",
            "diddle",
            "tum",
            "rumba",
            "fiddle",
            "hoppla",
            "zing",
            "bim",
            "bam",
            "jolly-o",
            "tra-la",
            "loo",
            "pom",
            "wheee",
            "yoho",
            "nana",
            "kling",
            "drip",
            "snip",
            "mumble",
            "ratata",
            "sha-la",
            "clap",
            "twirl",
            "ooh",
            "ding",
            "rub-a-dub",
            "eia",
            "vivat",
            "quack",
        ],
    ),
    ("number", &["<digit><digit><digit>"]),
    ("digit", &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    ("many", &["3", "4", "5", "6", "7", "8", "9"]),
    ("few", &["1", "2"]),
    ("season", &["spring", "summer", "winter", "frosty"]),
    ("day", &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "New Year"]),
    (
        "trait",
        &[
            "brave", "clever", "shy", "greedy", "proud", "lazy", "kind", "hungry", "quiet", "funny", "noble", "wise",
            "sleepy", "merry", "careful", "bold", "polite", "restless", "gentle", "stubborn", "rich", "poor", "tall",
            "tiny", "very old", "young", "famous", "curious", "nervous", "patient", "jolly", "witty",
        ],
    ),
    (
        "animal",
        &[
            "fox", "bear", "wolf", "hare", "mouse", "badger", "heron", "crow", "goose", "hedgehog", "beaver", "lynx",
            "toad", "mole", "squirrel", "robin", "magpie", "weasel", "raven", "pony", "donkey", "goat", "rooster",
            "kitten", "puppy", "turtle", "seal", "lion", "tiger", "camel", "zebra", "panda",
        ],
    ),
    (
        "things",
        &[
            "shells", "nuts", "coins", "feathers", "apples", "buttons", "marbles", "pears", "stamps", "beans", "eggs",
            "candles", "pebbles", "ribbons", "plums", "keys", "cherries", "bells", "stones", "acorns", "corks",
            "cakes", "spoons", "roses", "boats", "kites", "drums", "books", "hats", "lamps", "mugs", "pins",
        ],
    ),
    (
        "thing",
        &[
            "lantern", "basket", "ladder", "bridge", "kettle", "mirror", "wagon", "pillow", "trumpet", "carpet",
            "candle", "statue", "barrel", "violin", "hammer", "fountain", "necklace", "map", "bottle", "wheel",
            "blanket", "helmet", "pumpkin", "rope", "tower", "clock", "shoe", "coat", "stove", "bench", "fence",
            "tent",
        ],
    ),
    (
        "look",
        &[
            "red", "green", "blue", "yellow", "white", "black", "golden", "silver", "broken", "shiny", "dusty",
            "crooked", "round", "heavy", "little", "huge", "hollow", "painted", "wooden", "rusty", "wet", "warm",
            "cold", "strange", "lovely", "pretty", "narrow", "striped", "hidden", "frozen", "glowing", "purple",
        ],
    ),
    (
        "site",
        &[
            "forest", "river", "meadow", "market", "harbor", "castle", "garden", "valley", "mill", "cave", "lake",
            "hill", "desert", "village", "school", "barn", "temple", "bakery", "swamp", "beach", "library", "station",
            "palace", "kitchen", "cellar", "workshop", "field", "museum", "tavern", "chapel", "dock", "quarry",
        ],
    ),
    ("went", &["walked", "ran", "rode", "sailed", "hurried", "crept", "flew", "marched"]),
    ("found", &["found", "lost", "bought", "drew", "cleaned", "sold", "hid", "carried"]),
    ("came", &["jumped out", "passed by", "fell down", "looked up", "sneaked in", "danced", "barked", "yawned"]),
    (
        "mood",
        &[
            "happy",
            "sad",
            "tired",
            "angry",
            "afraid",
            "glad",
            "calm",
            "lonely",
            "thirsty",
            "dizzy",
            "excited",
            "bored",
            "jealous",
            "thankful",
            "cheerful",
            "surprised",
        ],
    ),
    (
        "hobby",
        &[
            "paint",
            "swim",
            "cook",
            "read",
            "dig holes",
            "climb trees",
            "tell jokes",
            "bake bread",
            "play chess",
            "whistle",
            "juggle",
            "ride",
            "knit",
            "count stars",
            "build walls",
            "run",
        ],
    ),
];
