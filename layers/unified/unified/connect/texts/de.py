"""German."""

from __future__ import annotations

TEXTS = {
    "language": "Deutsch",
    "title": "{provider} mit {company} verbinden",
    "title.again": "{provider} erneut mit {company} verbinden",
    "title.permissions": "{company} fehlende Berechtigungen geben",
    "title.connected": "{provider} neu mit {company} verbinden",
    "for": "Für {customer}. Wenn Sie das nicht sind, machen Sie hier nicht weiter.",
    "intro": "{company} bittet um Zugriff auf Ihr {provider}-Konto. Sie bestimmen, was gesehen und getan werden darf.",
    "intro.connected": "{provider} ist schon verbunden. Was jetzt funktioniert, funktioniert weiter, bis ein neuer"
    " Schlüssel sich bewährt hat.",
    "intro.permissions": "{provider} ist verbunden, und was jetzt funktioniert, funktioniert weiter. {company} bittet"
    " um mehr als bisher.",
    "intro.again": "Die bisherige Verbindung funktioniert nicht mehr. Erneutes Verbinden stellt sie wieder her; sonst"
    " ändert sich nichts.",
    "problem": "Es gibt ein Problem",
    "oauth.heading": "Bei {provider} anmelden",
    "oauth.text": "Sie werden zu {provider} geleitet und stimmen dort dem Zugriff zu. {company} sieht Ihr Passwort"
    " nicht.",
    "oauth.button": "Weiter zu {provider}",
    "oauth.leaving": "Sie werden zu {provider} geleitet…",
    "oauth.leaving.link": "Weiter zu {provider}, falls nichts geschieht",
    "or": "oder",
    "sending": "Einen Moment…",
    "more": "Stattdessen einen anderen Schlüssel oder Weg verwenden",
    "key.heading": "Einen API-Schlüssel verwenden",
    "key.open": "API-Schlüssel in {provider} öffnen",
    "key.new.window": "(öffnet einen neuen Tab)",
    "key.permissions": "Anzukreuzende Berechtigungen",
    "key.permissions.text": "Nur was {company} für seine Aufgaben braucht.",
    "key.why.own": "Damit diese Seite Ihnen sagen kann, wenn eine Berechtigung fehlt.",
    "key.why.hooks": "Damit {company} Änderungen sofort erfährt, statt immer wieder nachzufragen.",
    "key.label": "{provider}-API-Schlüssel",
    "key.hint": "Er wird sofort geprüft, verschlüsselt aufbewahrt und nie wieder angezeigt.",
    "key.show": "Anzeigen",
    "key.hide": "Verbergen",
    "key.button": "{provider} verbinden",
    "key.checking": "Der Schlüssel wird bei {provider} geprüft…",
    "key.offline": "Der Schlüssel konnte gerade nicht geprüft werden. Prüfen Sie Ihre Internetverbindung und versuchen"
    " Sie es erneut.",
    "key.valid": "Dieser Schlüssel funktioniert und hat alle nötigen Berechtigungen.",
    "key.valid.account": "Dieser Schlüssel funktioniert. Er gehört zu {account} und hat alle nötigen Berechtigungen.",
    "key.missing": "Dieser Schlüssel funktioniert, aber diese Berechtigungen fehlen: {missing}. Öffnen Sie ihn in"
    " {provider}, wählen Sie „Configure API Key Permissions“, kreuzen Sie sie an und versuchen Sie es hier erneut.",
    "key.unknown": "Dieser Schlüssel funktioniert, darf aber seine Berechtigungen nicht nennen. Kreuzen Sie in"
    " {provider} {missing} dafür an, damit sie geprüft werden können.",
    "key.another": "Dieser Schlüssel gehört zu einem anderen {provider}-Konto ({account}) als dem bisher verbundenen."
    " Ein Wechsel vermischt in {company} die Daten zweier Unternehmen.",
    "key.another.unnamed": "eine andere Organisation",
    "key.malformed": "Das sieht nicht wie ein API-Schlüssel von {provider} aus. Kopieren Sie den ganzen Schlüssel ohne"
    " Leerzeichen und fügen Sie ihn erneut ein.",
    "key.encoded": "Das ist der Schlüssel, wie Programme ihn senden, als Basic oder Base64 kodiert. Kopieren Sie den"
    " Schlüssel selbst, wie {provider} ihn zeigt.",
    "key.refused": "{provider} akzeptiert diesen Schlüssel nicht. Er ist vielleicht unvollständig, deaktiviert oder"
    " gelöscht: Legen Sie einen neuen an und fügen Sie ihn ein.",
    "key.busy": "{provider} hat gerade nicht geantwortet. Mit Ihrem Schlüssel ist alles in Ordnung; versuchen Sie es"
    " gleich noch einmal.",
    "key.anyway": "Trotzdem verbinden; was diese Berechtigungen braucht, wird nicht funktionieren",
    "key.switch": "Ja, zu diesem anderen Konto wechseln",
    "missing": "fehlt",
    "granted": "vorhanden",
    "permissions.text": "Der verbundene Schlüssel funktioniert, aber ihm fehlt:",
    "permissions.how": "Öffnen Sie den Schlüssel in {provider}, wählen Sie „Configure API Key Permissions“, kreuzen Sie"
    " das Fehlende an und speichern Sie. Prüfen Sie dann erneut; ein neuer Schlüssel ist nicht nötig.",
    "permissions.button": "Erneut prüfen",
    "permissions.still": "Es fehlt noch: {missing}.",
    "another.oauth": "Sie haben sich bei einem anderen {provider}-Konto angemeldet als dem bisher verbundenen. Nichts"
    " hat sich geändert. Ein Wechsel vermischt in {company} die Daten zweier Unternehmen.",
    "done.title": "{provider} ist verbunden",
    "done.text": "{company} kann jetzt mit Ihrem {provider}-Konto arbeiten.",
    "done.missing": "Diese Berechtigungen fehlen noch, und was sie braucht, wird nicht funktionieren: {missing}.",
    "done.return": "Zurück zu {company}",
    "done.close": "Sie können dieses Fenster schließen.",
    "done.moment": "Sie werden gleich zurückgeleitet.",
    "used.title": "Dieser Link wurde benutzt",
    "used.text": "Er gilt einmal, und das Konto wurde damit verbunden. Bitten Sie {company} um einen neuen Link, wenn"
    " Sie etwas ändern möchten.",
    "expired.title": "Dieser Link ist abgelaufen",
    "expired.text": "Zu Ihrer Sicherheit gilt er nur begrenzte Zeit. Bitten Sie {company} um einen neuen.",
    "unknown.title": "Dieser Link funktioniert nicht",
    "unknown.text": "Vielleicht wurde er unvollständig kopiert, oder die Verbindung wurde entfernt. Bitten Sie um einen"
    " neuen.",
    "cancel": "Zurück zu {company}, ohne zu verbinden",
    "support": "Hilfe",
    "error.access_denied": "Der Zugriff wurde bei {provider} nicht erlaubt. Nichts hat sich geändert. Sie können es"
    " jederzeit erneut versuchen.",
    "error.temporarily_unavailable": "{provider} hat nicht geantwortet. Nichts hat sich geändert; versuchen Sie es"
    " gleich noch einmal.",
    "error.expired_consent": "Diese Anmeldung bei {provider} war schon beendet: Sie hat länger als zehn Minuten"
    " gedauert oder kam zweimal zurück. Ist {provider} verbunden, sagt diese Seite es gleich; sonst beginnen Sie hier"
    " von vorn.",
    "error.connection_removed": "Die Verbindung wurde inzwischen entfernt. Bitten Sie {company} um einen neuen Link.",
    "error.other": "{provider} wurde nicht verbunden. Nichts hat sich geändert; versuchen Sie es erneut, und sagen Sie"
    " {company} Bescheid, wenn es wieder geschieht.",
    "error.form": "Diese Seite war zu lange offen oder wurde von anderswo abgeschickt. Bitte versuchen Sie es hier"
    " erneut.",
    "error.tries": "Dieser Link wurde zu oft probiert. Bitten Sie {company} um einen neuen.",
    "error.moved": "Die Verbindung wurde inzwischen in einem anderen Fenster geändert. Öffnen Sie den Link erneut, um"
    " den Stand zu sehen.",
}
