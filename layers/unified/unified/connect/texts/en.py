"""English."""

from __future__ import annotations

TEXTS = {
    "language": "English",
    "title": "Connect {provider} to {company}",
    "title.again": "Connect {provider} to {company} again",
    "title.permissions": "Give {company} the permissions it lacks",
    "title.connected": "Reconnect {provider} to {company}",
    "for": "For {customer}. If that is not you, do not go on.",
    "intro": "{company} asks for access to your {provider} account. You decide what it may see and do.",
    "intro.connected": "{provider} is connected already. Whatever works now goes on working until a new key has proven"
    " itself.",
    "intro.permissions": "{provider} is connected, and what works now goes on working. {company} asks for more than"
    " before.",
    "intro.again": "The earlier connection no longer works. Connecting again brings it back; nothing else changes.",
    "problem": "There is a problem",
    "oauth.heading": "Sign in at {provider}",
    "oauth.text": "You are taken to {provider}, where you agree to the access. {company} does not see your password.",
    "oauth.button": "Continue to {provider}",
    "oauth.leaving": "Taking you to {provider}…",
    "oauth.leaving.link": "Continue to {provider} if nothing happens",
    "or": "or",
    "sending": "One moment…",
    "more": "Use another key or another way instead",
    "key.heading": "Use an API key",
    "key.open": "Open the API keys in {provider}",
    "key.new.window": "(opens in a new tab)",
    "key.permissions": "Permissions to tick",
    "key.permissions.text": "Just what {company} needs for what it does for you.",
    "key.why.own": "So that this page can tell you when a permission is missing.",
    "key.why.hooks": "So that {company} hears of changes at once instead of asking again and again.",
    "key.label": "{provider} API key",
    "key.hint": "It is tried at once. It is kept encrypted, and is never shown again.",
    "key.show": "Show",
    "key.hide": "Hide",
    "key.button": "Connect {provider}",
    "key.checking": "Checking the key with {provider}…",
    "key.offline": "The key could not be checked just now. Check your internet connection and try again.",
    "key.valid": "This key works and has every permission that is needed.",
    "key.valid.account": "This key works. It belongs to {account} and has every permission that is needed.",
    "key.missing": "This key works, but these permissions are missing: {missing}. In {provider}, open the key, choose"
    " “Configure API Key Permissions”, tick them, and try again here.",
    "key.unknown": "This key works, but it may not tell its permissions. In {provider}, tick {missing} for it, so that"
    " they can be checked.",
    "key.another": "This key belongs to another {provider} account ({account}) than the one connected before."
    " Switching accounts mixes the records of two companies in {company}.",
    "key.another.unnamed": "another organisation",
    "key.malformed": "This does not look like an API key of {provider}. Copy the whole key, without spaces, and paste"
    " it again.",
    "key.encoded": "This is the key as programs send it, encoded as Basic or Base64. Copy the key itself, as {provider}"
    " shows it.",
    "key.refused": "{provider} does not accept this key. It may be incomplete, disabled or deleted: make a new one and"
    " paste that.",
    "key.busy": "{provider} did not answer just now. Nothing is wrong with your key; try again in a moment.",
    "key.anyway": "Connect anyway; what needs these permissions will not work",
    "key.switch": "Yes, switch to this other account",
    "missing": "missing",
    "granted": "granted",
    "permissions.text": "The connected key works, but it lacks:",
    "permissions.how": "In {provider}, open the key, choose “Configure API Key Permissions”, tick what is missing and"
    " save. Then check again; no new key is needed.",
    "permissions.button": "Check again",
    "permissions.still": "Still missing: {missing}.",
    "another.oauth": "You signed in to another {provider} account than the one connected before. Nothing has changed."
    " Switching accounts mixes the records of two companies in {company}.",
    "done.title": "{provider} is connected",
    "done.text": "{company} can now work with your {provider} account.",
    "done.missing": "These permissions are still missing, and what needs them will not work: {missing}.",
    "done.return": "Return to {company}",
    "done.close": "You can close this window.",
    "done.moment": "You are taken back in a moment.",
    "used.title": "This link has been used",
    "used.text": "It works once, and connected the account. To change something, ask {company} for a new link.",
    "expired.title": "This link has ended",
    "expired.text": "For your safety it works for a limited time only. Ask {company} for a new one.",
    "unknown.title": "This link does not work",
    "unknown.text": "It may have been copied incompletely, or the connection was removed. Ask for a new one.",
    "cancel": "Return to {company} without connecting",
    "support": "Help",
    "error.access_denied": "Access was not granted at {provider}. Nothing has changed. You can try again whenever you"
    " like.",
    "error.temporarily_unavailable": "{provider} did not answer. Nothing has changed; try again in a moment.",
    "error.expired_consent": "This sign-in at {provider} had ended already: it took longer than ten minutes, or came"
    " back twice. If {provider} is connected, this page says so in a moment; if not, start again here.",
    "error.connection_removed": "The connection was removed meanwhile. Ask {company} for a new link.",
    "error.other": "{provider} was not connected. Nothing has changed; try again, and if it happens again tell"
    " {company}.",
    "error.form": "This page was open for too long or was sent from elsewhere. Please try again here.",
    "error.tries": "This link was tried too often. Ask {company} for a new one.",
    "error.moved": "The connection was changed in another window meanwhile. Open the link again to see how it stands.",
}
