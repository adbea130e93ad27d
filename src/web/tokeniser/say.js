"use strict";
// Both languages: every text stands in both where it is written, and the button changes them in place.

const at = id => document.getElementById(id);
let language = "da";

const say = said => said[language];
const count = number => new Intl.NumberFormat(language === "da" ? "da-DK" : "en-GB").format(number);

/// Puts a text in an element, to be changed with the language. Texts are texts, never markup.
function put(element, said) {
  element.dataset.da = said.da;
  element.dataset.en = said.en;
  element.textContent = say(said);
  element.hidden = false;
  return element;
}

/// An element with a text, and what is in it.
function make(name, said, ...inside) {
  const element = document.createElement(name);
  if (typeof said === "string") element.textContent = said;
  else if (said) put(element, said);
  element.append(...inside);
  return element;
}

const WHEN_CHANGED = [];

function speak(to) {
  language = to;
  document.documentElement.lang = to;
  document.title = to === "da" ? "Kobling: lav tokens i browseren" : "Kobling: tokenise in the browser";
  for (const element of document.querySelectorAll("[data-en]")) {
    element.dataset.da ??= element.textContent;
    element.textContent = element.dataset[to];
  }
  const button = at("language");
  button.textContent = to === "da" ? "English" : "Dansk";
  button.lang = to === "da" ? "en" : "da";
  WHEN_CHANGED.forEach(change => change());
}

// What the library says of commands, as this page has it.
const ON_THE_PAGE = {
  da: [["--header-row", "»Rækken med overskrifter«"], ["--sheet", "»Ark i et regneark«"], ["--encoding", "en kortlægning"],
    ["--separator", "en kortlægning"], ["--mapping", "en kortlægning"], ["`kobling map --update` spørger om dem", "vælg dem her"],
    ["`kobling map --update` spørger om den", "vælg den her"], ["`kobling map`", "»Som jeg vælger her«"], ["`kobling check`", "kontrollen"]],
  en: [["--header-row", "“Row of the headers”"], ["--sheet", "“Sheet of a workbook”"], ["--encoding", "a mapping"],
    ["--separator", "a mapping"], ["--mapping", "a mapping"], ["`kobling map --update` asks about them", "choose them here"],
    ["`kobling map --update` asks about it", "choose it here"], ["`kobling map`", "“As I choose here”"], ["`kobling check`", "the check"]],
};

function onThePage(said) {
  const of = tag => ON_THE_PAGE[tag].reduce((text, [old, own]) => text.replaceAll(old, own), said[tag]).replaceAll("extract/", "");
  return { da: of("da"), en: of("en") };
}
