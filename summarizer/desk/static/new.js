"use strict";
const form = document.getElementById("new");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = document.getElementById("said");
  const { title, text, length, language } = Object.fromEntries(new FormData(form));
  said.textContent = "Drafting the key points …";
  form.querySelector("button").disabled = true;
  try {
    const answer = await fetch("/v1/summaries", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, length, language, title: title.trim() || undefined }),
    });
    const found = await answer.json();
    if (answer.ok) location.href = `/summaries/${found.id}`;
    else said.textContent = found.detail;
  } catch {
    said.textContent = "The desk does not answer; try again.";
  } finally {
    form.querySelector("button").disabled = false;
  }
});
