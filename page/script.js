// Follows the links that are drawn: #cite-<turn>-<number>, #near-<turn>-<number>, #ask-<example>, #read-<article>,
// #list-<state>-<page>-<period>, #take-<source>, #room-<name>, #evals-<what>, #past-, #rename- and #remove-<conversation>,
// and what can be done with a turn: #copy-, #link-, #edit-, #reword-, #mark- and #unmark-<turn>. Sends questions, and
// files that are added.
() => {
  const LINK = new RegExp("^#((cite|near|ask)-[0-9]+(-[0-9]+)?|read-[0-9a-f]{32}(-[0-9]+-[0-9]+-[0-9a-f]{8})?"
    + "|(past|rename|remove|take)-[0-9a-f]{32}|list-[a-z]+-[0-9]+(-[a-z0-9-]+)?|room-[a-z]+|evals-[a-z]+(-[0-9a-f]+)*"
    + "|(copy|link|edit|reword|mark|unmark)-[0-9]+|only-[0-9a-f]+)$");
  // Milliseconds after which a question that was not taken is sent again.
  const AGAIN = 300;
  const phone = window.matchMedia("(max-width: 859px)");
  const wide = window.matchMedia("(min-width: 1200px)");
  const footnote = (window.footnote = { wanted: "", asked, how });
  // A style rule and not a class: Gradio draws messages anew, and a rule holds for whatever is drawn.
  const chosen = document.head.appendChild(document.createElement("style"));
  const find = (selector) => document.querySelector(selector);
  // The words of the reader's language, which the server sends with the page.
  const words = window.footnoteWords ?? {};
  const say = (text, fields = {}) => (words[text] ?? text).replace(/\{(\w+)\}/g, (all, name) => fields[name] ?? all);

  // A day that a form has as 2024-05-03, as the server writes days to this reader.
  function day(iso) {
    const { lang } = document.documentElement;
    const named = new Intl.DateTimeFormat(lang === "en" ? "en-US" : lang, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
    const parts = Object.fromEntries(named.formatToParts(new Date(iso)).map(({ type, value }) => [type, value]));
    return say("d MMM y").replace(/MMM|d|y/g, (part) => ({ d: parts.day, MMM: parts.month, y: parts.year })[part]);
  }

  // Who is logged out meanwhile sees the login page, and not a page that does nothing any more.
  const fetched = window.fetch;
  window.fetch = async (...request) => {
    const response = await fetched(...request);
    if (response.status === 401 && new URL(response.url).origin === location.origin) location.reload();
    return response;
  };

  // One column holds one room; what is not seen is not reached by the keyboard either.
  function enter(room) {
    document.body.classList.toggle("shelved", room === "articles");
    document.body.classList.toggle("measuring", room === "evals");
    document.body.classList.toggle("settling", room === "settings");
    for (const link of document.querySelectorAll("#rooms a")) {
      if (link.getAttribute("href") === `#room-${room}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (room === "articles") follow("#list-all-0");
    else if (room === "evals") follow("#evals-home");
    else if (room === "settings") find("#look").click();
    else find("#question textarea")?.focus();
  }

  const apart = (yes) => ["#talk", "#shelf", "#evals", "#office"].forEach((column) => { find(column).inert = yes; });

  function follow(href, at) {
    if (href.startsWith("#room-")) return enter(href.slice(6));
    const [act, which] = href.slice(1).split("-");
    if (act in ACTS) return ACTS[act](which, at);
    footnote.wanted = href.slice(1);
    if (href.startsWith("#evals-")) return examine(href.slice(7), at);
    if (href.startsWith("#list-")) {
      if (!at?.closest?.(".timeline")) find("#shelf").scrollTop = 0;
      return find("#turn").click();
    }
    const same = `#desk a[href="${href}"]`;
    chosen.textContent = `
      ${same}.read { color: var(--accent); }
      ${same}.cite { color: var(--on-accent) !important; background: var(--accent) !important; }
      ${same} .peek { display: none !important; }
      ${same}.near { border-color: var(--accent); box-shadow: inset 3px 0 0 var(--accent); }`;
    if (find("#reader")?.dataset.place === footnote.wanted) show();
    else find("#follow").click();
  }

  function show() {
    document.body.classList.add("reading");
    apart(phone.matches);
    // Whoever steps on by the arrow that was pressed can press it again.
    const step = find(`#reader .steps a[rel="${stepped}"]`) ?? (stepped && find("#reader .steps a"));
    stepped = "";
    (step || find("#reader")).focus({ preventScroll: true });
    find("#reader mark.active")?.scrollIntoView({ block: "center" });
  }

  function close() {
    document.body.classList.remove("reading");
    apart(false);
    find(`#desk a[href="#${footnote.wanted}"]`)?.focus();
  }

  // What a sync left out lies over the page; it goes with a click beside it.
  const fold = () => find("#synced details")?.removeAttribute("open");

  document.addEventListener("click", (event) => {
    const href = event.target.closest?.("a[href]")?.getAttribute("href");
    if (event.target.closest?.("#source .close")) return close();
    if (event.target.closest?.("#choose")) return find("#chosen").click();
    if (event.target.closest?.("#give")) return find("#given").click();
    if (event.target.closest?.("#pasts")) return bar(!document.body.classList.contains("pasts"));
    if (event.target.closest?.("#stop") && !box().value.trim()) fill(questions().at(-1)?.textContent ?? "");
    if (event.target.closest?.("#anew")) later(false);
    if (!wide.matches && !event.target.closest?.("#past, dialog")) bar(false);
    const menu = openMenu();
    if (menu && !menu.querySelector("summary").contains(event.target)) menu.open = false;
    if (!event.target.closest?.("#synced")) fold();
    if (!href || !LINK.test(href)) return;
    event.preventDefault();
    event.stopPropagation();
    follow(href, event.target.closest("a"));
  }, true);

  let stepped = "";
  function step(way) {
    const link = find(`#reader .steps a[rel="${way}"]`);
    if (link) stepped = document.activeElement?.closest(".steps") ? way : "";
    link?.click();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === box() && box().value.trim()) {
      offered = undefined;
      later(true);
    }
  }, true);

  document.addEventListener("keydown", (event) => {
    const arrow = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    if (arrow && document.activeElement?.closest("#source")) return step(arrow);
    if (event.key !== "Escape") return;
    find("#filters[open]")?.removeAttribute("open");
    fold();
    const menu = openMenu();
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if (!wide.matches && document.body.classList.contains("pasts")) return bar(false, true);
    if (document.body.classList.contains("reading")) close();
  });

  phone.addEventListener("change", () => {
    apart(phone.matches && document.body.classList.contains("reading"));
  });

  // The side bar. On a wide window it stands beside the rest, and is there the next time too.
  function bar(open, back) {
    document.body.classList.toggle("pasts", open);
    find("#past").inert = !open;
    find("#pasts")?.setAttribute("aria-expanded", String(open));
    if (wide.matches) localStorage.setItem("footnote-pasts", open ? "1" : "0");
    if (back) find("#pasts").focus();
    else if (open && !wide.matches) find("#recall textarea, #recall input")?.focus();
  }

  // What can be done with a conversation or a turn ----------------------------------------------------------------

  const ACTS = { past: open, rename, remove, copy, link, edit, reword, ask, only, mark, unmark: mark, take };
  const questions = () => [...document.querySelectorAll("#chat .asked")];
  const openMenu = () => find("#kept details[open]");
  const titleOf = (at) => at.closest("li:has(> .past)").querySelector("b").textContent;
  const current = () => find("#kept ol")?.dataset.current;
  let scrolled = 0;

  function open(id) {
    later(false);
    if (!wide.matches) bar(false);
    if (document.body.matches(".shelved, .measuring, .settling")) enter("ask");
    footnote.wanted = `past-${id}`;
    find("#resume").click();
  }

  async function rename(id, at) {
    const named = await told(say("Rename this conversation"), say("Rename"), titleOf(at));
    if (named?.trim()) alter(`rename-${id}-${named.trim()}`);
  }

  async function remove(id, at) {
    const question = say("Remove “{title}”? Its questions and answers are erased.", { title: titleOf(at) });
    if ((await told(question, say("Remove"))) === undefined) return;
    alter(`remove-${id}`);
    if (id === current()) find("#anew").click();
  }

  async function take(id, at) {
    if ((await told(at.dataset.ask, at.dataset.yes)) === undefined) return;
    footnote.wanted = `take-${id}`;
    find("#taking").click();
  }

  function alter(wanted) {
    footnote.wanted = wanted;
    find("#alter").click();
  }

  // Asks in a dialog, or only says where there is no `yes`; gives what was typed, "" where there is nothing to type, or undefined for no.
  function told(question, yes, text) {
    const dialog = document.createElement("dialog");
    const make = (name, values) => Object.assign(document.createElement(name), values);
    const form = make("form", { method: "dialog" });
    const field = text === undefined ? null : make("input", { value: text, maxLength: 200, ariaLabel: question });
    const buttons = make("p", {});
    buttons.append(make("button", { textContent: yes ? say("Cancel") : say("Close"), type: "button", onclick: () => dialog.close() }));
    if (yes) buttons.append(make("button", { textContent: yes, value: "yes", className: "yes" }));
    form.append(make("p", { textContent: question }), ...(field ? [field] : []), buttons);
    dialog.append(form);
    find("#shell").append(dialog);
    return new Promise((answer) => {
      dialog.addEventListener("close", () => {
        answer(dialog.returnValue === "yes" ? (field?.value ?? "") : undefined);
        dialog.remove();
      });
      dialog.showModal();
      field?.select();
    });
  }

  // Files that are added: chosen, or dropped anywhere in the room of articles --------------------------------------

  const AT_ONCE = 2;
  const bearsFiles = (event) => event.dataTransfer?.types.includes("Files");
  const inArticles = () => document.body.classList.contains("shelved");
  let hovering;

  // A file that is dropped elsewhere would be opened in place of the page.
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (!bearsFiles(event)) return;
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = inArticles() ? "copy" : "none";
      hover(inArticles() && kind !== "drop");
      if (kind === "drop" && inArticles()) bring(dropped(event.dataTransfer));
    }, true);
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) hover(false); });

  // Where files may be dropped, for as long as they are held over it: that one leaves is not always told.
  function hover(over) {
    clearTimeout(hovering);
    if (!over) return find("#drop")?.remove();
    hovering = setTimeout(() => hover(false), 1000);
    if (find("#drop")) return;
    const { top, left, width, height } = find("#shelf").getBoundingClientRect();
    const target = Object.assign(document.createElement("div"), { id: "drop", textContent: say("Drop files to add them") });
    target.style.cssText = `top: ${top}px; left: ${left}px; width: ${width}px; height: ${height}px`;
    find("#shell").append(target);
  }

  // A folder comes as a file that cannot be read.
  function dropped({ items, files }) {
    const entries = [...items].map((item) => item.webkitGetAsEntry?.());
    return [...files].map((file, n) => Object.assign(file, { folder: entries[n]?.isDirectory ?? false }));
  }

  document.addEventListener("change", ({ target }) => {
    if (target.id === "language") return speak(target.value);
    if (target.id === "chosen") bring([...target.files]);
    else if (target.id === "given") give(target.files[0]);
    else return;
    target.value = "";
  });

  // The language that was chosen by hand, which the server reads of a cookie.
  function speak(language) {
    document.cookie = `footnote-language=${language}; path=/; max-age=31536000; samesite=lax`;
    location.reload();
  }

  async function bring(files) {
    const rows = files.map((file) => [file, arrival(file.name)]);
    find("#arrivals").replaceChildren(...rows.map(([, row]) => row));
    let kept = 0;
    const some = async () => {
      while (rows.length) {
        const [file, row] = rows.shift();
        kept += await send(file, row, unfit(file), "/articles/files/");
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, some));
    if (kept) find("#arrived").click();
  }

  // A question set; where it was kept, it is in the list.
  async function give(file) {
    if (!file) return;
    const row = arrival(file.name);
    find("#giving").replaceChildren(row);
    const most = find("#given").dataset.most;
    const wrong = file.size > most ? say("It is larger than {n} MB.", { n: most / 1e6 }) : file.size ? "" : say("It is empty.");
    if (await send(file, row, wrong, "/evals/sets/")) follow("#evals-home");
  }

  function arrival(name) {
    const row = document.createElement("li");
    row.append(Object.assign(document.createElement("b"), { textContent: name }), " ", document.createElement("span"));
    return row;
  }

  function send(file, row, wrong, door) {
    const said = row.lastChild;
    if (wrong) return failed(said, wrong);
    const bar = said.appendChild(Object.assign(document.createElement("progress"), { max: 1, ariaLabel: file.name }));
    return new Promise((ended) => {
      const request = new XMLHttpRequest();
      request.open("PUT", `${door}${encodeURIComponent(nameOf(file))}`);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => { bar.value = loaded / total; };
      request.onerror = () => ended(failed(said, say("It could not be sent. Try again.")));
      request.onload = () => {
        const { name, error, hint } = request.response ?? {};
        if (request.status === 401) return location.reload();
        const lang = error && request.getResponseHeader("content-language");
        if (!name) return ended(failed(said, error ? `${error} ${hint}` : say("It could not be added. Try again."), lang));
        if (request.status === 200) said.textContent = say("was there already");
        else said.textContent = name === file.name ? say("added") : say("added as {name}", { name });
        ended(true);
      };
      request.send(file);
    });
  }

  // What the server says of it may be in another language than the page.
  function failed(said, sentence, lang) {
    said.textContent = sentence;
    if (lang) said.lang = lang;
    said.className = "trouble";
    return false;
  }

  const nameOf = (file) => file.name.replace(/\s+/g, " ").replace(/[\ud800-\udfff]/gu, "_");

  // What the server would refuse, before it is sent.
  function unfit(file) {
    const { accept, dataset } = find("#chosen");
    const kind = nameOf(file).match(/[^.]\.([^.]+)$/)?.[1].toLowerCase();
    if (file.folder) return say("This is a folder. Name its path above to add it.");
    if (!accept.split(",").includes(`.${kind}`)) {
      return say("It is of a kind that Footnote cannot read. These can be read: {kinds}.", { kinds: dataset.kinds });
    }
    if (file.size > dataset.most) {
      return say("It is larger than {n} MB. Split it, or add the folder it is in.", { n: dataset.most / 1e6 });
    }
    return file.size ? "" : say("It is empty.");
  }

  const place = (turn) => `${location.origin}/#past-${current()}${turn ? `-${turn}` : ""}`;

  async function copy(turn, at) {
    try {
      const text = fetch(`/conversations/${current()}.md?turn=${turn}`).then((kept) => {
        if (!kept.ok) throw new Error(kept.status);
        return kept.text();
      });
      await navigator.clipboard.writeText(await text);
      said(at, say("Copied"));
    } catch {
      said(at, say("Could not be copied"));
    }
  }

  function link(turn, at) {
    navigator.clipboard.writeText(place(turn)).then(() => said(at, say("Copied")), () => said(at, say("Could not be copied")));
  }

  // For a moment what was done stands in place of what can be.
  function said(at, text) {
    const before = at.textContent;
    at.textContent = text;
    setTimeout(() => { at.textContent = before; }, 1600);
  }

  // The question of a turn, or what was searched for it, in the box to be changed.
  function edit(_, at) {
    const before = questions().filter((one) => one.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING);
    fill(before.at(-1)?.textContent ?? "");
  }

  function reword(_, at) {
    fill(at.closest(".message-row").querySelector(".searched-for")?.textContent ?? "");
    alone(true);
  }

  // A question that is offered is asked as if it had been typed; what stands in the box stays there.
  let offered;
  function ask(_, at) {
    offer(at.textContent);
  }

  function offer(question) {
    offered = question;
    later(true);
    if (!answering()) find("#send").click();
  }

  const box = () => find("#question textarea");
  const answering = () => find("#talk").matches(":has(#chat .waiting, #chat .growing)");
  let again;

  // Gradio drops what is sent while an answer is looked for, and for a moment behind it: it is sent until it is taken.
  function later(yes) {
    clearTimeout(again);
    find("#later")?.remove();
    if (!yes) return;
    if (answering()) tellLater();
    again = setTimeout(sendAgain, AGAIN);
  }

  function sendAgain() {
    if (!(offered ?? box().value).trim()) return later(false);
    again = setTimeout(sendAgain, AGAIN);
    if (!answering()) find("#send").click();
    else if (!find("#later")) tellLater();
  }

  function tellLater() {
    const said = offered === undefined
      ? say("It is asked when this answer is done.")
      : say("“{question}” is asked when this answer is done.", { question: offered });
    aside("later", said, say("Do not ask it"), () => { offered = undefined; later(false); });
  }

  // What is sent now. The box is free for the next question at once, and not when the server has answered.
  function asked(typed) {
    const question = offered ?? typed;
    if (offered === undefined) setTimeout(() => { if (box().value === typed) write(""); });
    offered = undefined;
    later(false);
    return question;
  }

  // A line over the box, with the way to have it otherwise.
  function aside(id, told, back, undo) {
    const line = Object.assign(document.createElement("p"), { id, className: "aside", textContent: `${told} ` });
    line.setAttribute("role", "status");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: back });
    button.addEventListener("click", () => { undo(); box().focus(); });
    line.append(button);
    find("#ask").before(line);
  }

  function mark(_, at) {
    footnote.wanted = at.getAttribute("href").slice(1);
    find("#mark").click();
  }

  // A link of the evals, with what was typed for it; a view that is entered begins at its top.
  async function examine(what, at) {
    if (at?.dataset?.ask && (await told(at.dataset.ask, at.dataset.yes)) === undefined) return;
    const typed = { right: "#right", note: "#noted" }[what.split("-")[0]];
    footnote.wanted = `evals-${what}${typed ? `-${find(typed).value}` : ""}`;
    if (!typed) find("#evals").scrollTop = 0;
    find("#evals-turn").click();
  }

  // The form of a new question set.
  find("#evals").addEventListener("submit", (event) => {
    event.preventDefault();
    examine(`make-${JSON.stringify(Object.fromEntries(new FormData(event.target)))}`);
  });

  function fill(text) {
    write(text);
    box().focus();
  }

  function write(text) {
    box().value = text;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  }

  // What was searched is asked as it stands, without the questions before it, as long as the line over the box says so.
  function alone(yes) {
    find("#alone")?.remove();
    if (!yes) return;
    aside("alone", say("Asked as it stands, without the questions before."), say("Let it follow them"), () => alone(false));
  }

  // Which articles are searched: what is in the form, shown as chips that take a filter out again.
  const fields = () => [...(find("#filters form")?.elements ?? [])].filter((field) => field.name);
  const SAID = {
    source: (v) => v,
    author: (v) => say("by {name}", { name: v }),
    first: (v) => say("from {day}", { day: day(v) }),
    last: (v) => say("until {day}", { day: day(v) }),
  };

  function how() {
    const said = Object.fromEntries(fields().map((field) => [field.name, field.value.trim()]));
    said.alone = Boolean(find("#alone"));
    alone(false);
    return JSON.stringify(said);
  }

  function chips() {
    const set = fields().filter((field) => field.value.trim());
    find("#chips")?.replaceChildren(...set.map((field) => {
      const said = SAID[field.name](field.value.trim());
      const chip = Object.assign(document.createElement("button"), { type: "button", textContent: said });
      chip.setAttribute("aria-label", say("Take out the filter: {filter}", { filter: said }));
      chip.addEventListener("click", () => { field.value = ""; chips(); find("#filters summary").focus(); });
      return chip;
    }));
  }

  find("#filtered").addEventListener("input", chips);
  find("#filtered").addEventListener("reset", () => setTimeout(chips));
  find("#filtered").addEventListener("submit", (event) => {
    event.preventDefault();
    find("#filters").open = false;
    find("#question textarea").focus();
  });

  // The articles that a question meant, and it again of those alone.
  function only(hex, at) {
    const bytes = Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16));
    const said = JSON.parse(new TextDecoder().decode(bytes));
    for (const field of fields()) field.value = said[field.name] ?? "";
    chips();
    edit("", at);
    offer(undefined);
  }

  // The form is drawn anew after a sync: Gradio keeps what stands in its fields, and not the chips.
  new MutationObserver(() => {
    if (!find("#chips")?.childElementCount && fields().some((field) => field.value.trim())) chips();
  }).observe(find("#filtered"), { childList: true, subtree: true });

  // The address names the conversation that is open, so that it can be opened again or marked.
  let named;
  new MutationObserver(() => {
    const now = current();
    if (now === undefined || now === named) return;
    if (named === undefined && !now && location.hash.startsWith("#past-")) return begin();
    named = now;
    history.replaceState(null, "", now ? `#past-${now}` : location.pathname);
    const row = scrolled && questions()[scrolled - 1];
    scrolled = 0;
    if (row) row.scrollIntoView({ block: "start" });
  }).observe(find("#kept"), { childList: true, subtree: true, attributeFilter: ["data-current"] });

  function begin() {
    const [, id, turn] = location.hash.match(/^#past-([0-9a-f]{32})(?:-([0-9]{1,5}))?$/) ?? [];
    named = "";
    scrolled = Number(turn ?? 0);
    history.replaceState(null, "", location.pathname);
    if (id) open(id);
  }

  const asBefore = () => bar(wide.matches && localStorage.getItem("footnote-pasts") === "1");
  asBefore();
  wide.addEventListener("change", asBefore);

  // The bar over the panel names the article once its title has been scrolled away.
  const titles = new IntersectionObserver(([title]) => {
    title.target.parentElement.classList.toggle("past", !title.isIntersecting);
  });

  // The panel: a source that was drawn is shown; none, after a new conversation, is not.
  // Gradio changes the elements that are there, so it is the place that tells one source from the next.
  let drawn;
  new MutationObserver(() => {
    const reader = find("#reader");
    if (reader?.dataset.place === drawn) return;
    drawn = reader?.dataset.place;
    titles.disconnect();
    if (reader) {
      titles.observe(reader.querySelector("header"));
      return show();
    }
    document.body.classList.remove("reading");
    apart(false);
    chosen.textContent = "";
  }).observe(find("#source"), { childList: true, subtree: true, attributeFilter: ["data-place"] });

  // What lies over the page for a while has a title and a button of Gradio's own, in English.
  const titled = { Info: say("Info"), Warning: say("Warning"), Error: say("Error") };
  new MutationObserver(() => {
    for (const { firstChild } of document.querySelectorAll(".toast-title")) {
      const title = titled[firstChild?.data?.trim()];
      if (title && firstChild.data.trim() !== title) firstChild.data = title;
    }
    for (const button of document.querySelectorAll(".toast-close")) button.ariaLabel = say("Close");
  }).observe(document.body, { childList: true, subtree: true });

  // The chat: a new question goes to the top, so that its answer is read from the beginning. Gradio labels each message
  // with its source text, tags and all, which a screen reader would spell out.
  const chat = find("#chat");
  let seen = "";
  chat.querySelector("[role=log]")?.setAttribute("aria-label", say("Conversation"));
  new MutationObserver(() => {
    chat.querySelector("[role=log]")?.setAttribute("aria-label", say("Conversation"));
    for (const message of chat.querySelectorAll("[data-testid=bot], [data-testid=user]")) {
      message.setAttribute("aria-label", message.dataset.testid === "bot" ? say("Answer") : say("Question"));
    }
    const rows = chat.querySelectorAll(".user-row");
    const now = `${rows.length} ${chat.querySelectorAll(".answer, .trouble").length}`;
    if (now === seen) return;
    seen = now;
    [...rows].at(-1)?.scrollIntoView({ block: "start" });
  }).observe(chat, { childList: true, subtree: true });
}
