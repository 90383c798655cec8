using System.Net;
using System.Net.Mail;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.OnCall;

/// <summary>Something of an on-call file that cannot be.</summary>
/// <param name="Place">Where in the file, such as <c>$.rotations[0]</c>.</param>
/// <param name="Code">A stable code.</param>
/// <param name="Message">What is wrong, with the value.</param>
/// <param name="Mend">What to do.</param>
public sealed record OnCallProblem(string Place, string Code, string Message, string Mend);

/// <summary>Whether an on-call file can do what it promises: everybody named is known and can be reached, somebody is on call at every moment, every severity is told to somebody.</summary>
public static class OnCallCheck
{
    /// <summary>The severities' names.</summary>
    public static IReadOnlyList<string> Severities { get; } = ["SEV-0", "SEV-1", "SEV-2", "SEV-3"];

    /// <summary>Reads the file of a network and refuses one that cannot be; null when there is none.</summary>
    /// <exception cref="ControlException"><c>file-format</c>, <c>file-version</c>, or the code of the first problem.</exception>
    public static OnCallFile? Load(Workspace workspace, string network)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        return workspace.OnCall(network) is not { } file ? null
            : Problems(file, workspace.Operators(network)) is [var problem, ..] ? throw new ControlException(problem.Code, ExitCode.BadInput, $"config/oncall.json, at {problem.Place}: {problem.Message}.", problem.Mend)
            : file;
    }

    /// <summary>Everything that is wrong, in the order of the file.</summary>
    public static IReadOnlyList<OnCallProblem> Problems(OnCallFile file, OperatorsFile? operators)
    {
        ArgumentNullException.ThrowIfNull(file);
        var problems = new List<OnCallProblem>();
        var people = (operators?.People ?? []).Select(person => person.Name).ToHashSet(StringComparer.Ordinal);
        var channels = Once(file.Channels.Select(channel => channel.Name), "channels", "channel");
        var groups = Once(file.Groups.Select(group => group.Name), "groups", "group");
        var rotations = Once(file.Rotations.Select(rotation => rotation.Name), "rotations", "rotation");
        var policies = Once(file.Policies.Select(policy => policy.Name), "policies", "policy");
        _ = Once(file.Contacts.Select(contact => contact.Person), "contacts", "contact");
        var reached = file.Contacts.Where(contact => contact.Channels.Count > 0).Select(contact => contact.Person).ToHashSet(StringComparer.Ordinal);

        Each(file.Channels, "channels", Channel);
        Each(file.Contacts, "contacts", (contact, place) =>
        {
            Person(contact.Person, place);
            Channels(contact.Channels, place);
            if (contact.Channels.Count == 0)
            {
                Add(place, "contact-channel", $"{contact.Person} has no channel", "Name at least one channel of this file.");
            }
        });
        Each(file.Groups, "groups", (group, place) =>
        {
            Reachable(group.People, place);
            Channels(group.Channels, place);
            if (group.People.Count + group.Channels.Count == 0)
            {
                Add(place, "group-empty", $"the group '{group.Name}' reaches nobody", "Name people or channels.");
            }
        });
        Each(file.Rotations, "rotations", (rotation, place) =>
        {
            problems.AddRange(Rota.Read(rotation).Problems.Select(one => new OnCallProblem(place, one.Code, one.Message, one.Mend)));
            Reachable(Rota.PeopleOf(rotation), place);
        });
        Each(file.Policies, "policies", (policy, place) =>
        {
            if (policy.Steps.Count == 0)
            {
                Add(place, "policy-empty", $"the policy '{policy.Name}' tells nobody", "Give it at least one step.");
            }

            TimeSpan? before = null;
            Each(policy.Steps, place[2..] + ".steps", (step, at) =>
            {
                Known(step.Rotations, rotations, at, "rotation");
                Known(step.Groups, groups, at, "group");
                Channels(step.Channels, at);
                Reachable(step.People, at);
                if (step.Rotations.Count + step.Groups.Count + step.Channels.Count + step.People.Count == 0)
                {
                    Add(at, "step-empty", $"a step of the policy '{policy.Name}' tells nobody", "Name rotations, people, groups or channels.");
                }

                if (step.After is { } after)
                {
                    if (Spans.Parse(after) is not { } span)
                    {
                        Add(at, "span-format", $"'{after}' is no length of time", "Write it as 30s, 5m or 2h.");
                    }
                    else if (span < before)
                    {
                        Add(at, "step-order", $"a step of the policy '{policy.Name}' is due after {after}, before the one above it", "Order the steps by their time.");
                    }
                    else
                    {
                        before = span;
                    }
                }
            });
        });
        Each(file.Severities, "severities", (rule, place) =>
        {
            if (!Severities.Contains(rule.Severity, StringComparer.Ordinal))
            {
                Add(place, "severity-unknown", $"'{rule.Severity}' is no severity", $"Write one of {string.Join(", ", Severities)}.");
            }

            Known([rule.Policy], policies, place, "policy");
            Span(rule.Acknowledge, place + ".acknowledge", TimeSpan.FromSeconds(1));
            Span(rule.Renotify, place + ".renotify", TimeSpan.FromSeconds(1));
        });
        foreach (var severity in Severities.Where(severity => file.Severities.Count(rule => string.Equals(rule.Severity, severity, StringComparison.Ordinal)) != 1))
        {
            Add("$.severities", "severity-missing", $"{severity} stands there {(file.Severities.Any(rule => string.Equals(rule.Severity, severity, StringComparison.Ordinal)) ? "more than once" : "not at all, so that its alerts would be told to nobody")}", $"Give each of {string.Join(", ", Severities)} one entry.");
        }

        Span(file.GroupWindow, "$.groupWindow", TimeSpan.FromSeconds(1));
        Span(file.MaxSilence, "$.maxSilence", TimeSpan.FromMinutes(1));
        if (file.Storm is not (>= 2 and <= 1000))
        {
            Add("$.storm", "storm-range", $"{file.Storm} is no number of notifications", "Write 2 to 1000.");
        }

        if (file.Heartbeat is { } heartbeat)
        {
            Channels([heartbeat.Channel], "$.heartbeat");
            Span(heartbeat.Every, "$.heartbeat.every", TimeSpan.FromSeconds(1));
            Span(heartbeat.StaleAfter, "$.heartbeat.staleAfter", TimeSpan.FromSeconds(1));
            if (file.Channels.FirstOrDefault(channel => string.Equals(channel.Name, heartbeat.Channel, StringComparison.Ordinal)) is { Kind: not (ChannelKind.Webhook or ChannelKind.Alertmanager or ChannelKind.Log) })
            {
                Add("$.heartbeat", "heartbeat-channel", $"the channel '{heartbeat.Channel}' tells people, who would be told every {heartbeat.Every} that all is well", "Name a webhook, an alertmanager or a log.");
            }
        }

        return problems;

        void Add(string place, string code, string message, string mend) => problems.Add(new OnCallProblem(place, code, message, mend));

        void Each<T>(IReadOnlyList<T> items, string list, Action<T, string> check)
        {
            for (var i = 0; i < items.Count; i++)
            {
                check(items[i], $"$.{list}[{i}]");
            }
        }

        HashSet<string> Once(IEnumerable<string> names, string list, string what)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var name in names)
            {
                if (!seen.Add(name))
                {
                    Add($"$.{list}", "name-twice", $"two entries are named '{name}'", $"Give each {what} a name of its own.");
                }
            }

            return seen;
        }

        void Known(IReadOnlyList<string> names, HashSet<string> all, string place, string what)
        {
            foreach (var name in names.Where(name => !all.Contains(name)))
            {
                Add(place, $"{what}-unknown", $"there is no {what} '{name}'", all.Count == 0 ? $"This file has no {what} at all: add it." : $"There are {string.Join(", ", all.Order(StringComparer.Ordinal))}.");
            }
        }

        void Channels(IReadOnlyList<string> names, string place) => Known(names, channels, place, "channel");

        bool Person(string name, string place)
        {
            if (people.Contains(name))
            {
                return true;
            }

            Add(place, "person-unknown", $"'{name}' is nobody in the operators' file", people.Count == 0 ? "Name the people with their duties in config/operators.json." : $"There are {string.Join(", ", people.Order(StringComparer.Ordinal))}.");
            return false;
        }

        void Reachable(IReadOnlyList<string> names, string place)
        {
            foreach (var name in names)
            {
                if (Person(name, place) && !reached.Contains(name))
                {
                    Add(place, "person-unreachable", $"{name} has no channel by which to be told", $"Add {{\"person\": \"{name}\", \"channels\": [...]}} to contacts.");
                }
            }
        }

        void Span(string text, string place, TimeSpan least)
        {
            if (Spans.Parse(text) is not { } span || span < least)
            {
                Add(place, "span-format", $"'{text}' is no length of time of at least {Spans.Format(least)}", "Write it as 30s, 5m or 2h.");
            }
        }

        void Channel(AlertChannel channel, string place)
        {
            if (channel.Name.Length is 0 or > 40 || !channel.Name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-'))
            {
                Add(place, "channel-name", $"'{channel.Name}' is no name of a channel", "Write up to 40 lower-case letters, digits and dashes.");
            }

            (string Name, bool Has)[] members = [("url", channel.Url is not null), ("key", channel.Key is not null), ("token", channel.Token is not null), ("smtp", channel.Smtp is not null), ("from", channel.From is not null), ("to", channel.To.Count > 0), ("path", channel.Path is not null)];
            (string[] needed, string[] allowed) = channel.Kind switch
            {
                ChannelKind.Pagerduty => (["key"], ["url"]),
                ChannelKind.Slack => (["url"], []),
                ChannelKind.Webhook => (["url", "key"], []),
                ChannelKind.Email => (["smtp", "from", "to"], []),
                ChannelKind.Alertmanager => (["url"], ["token"]),
                _ => ((string[])["path"], (string[])[]),
            };
            foreach (var (name, has) in members)
            {
                if (!has && needed.Contains(name, StringComparer.Ordinal))
                {
                    Add(place, "channel-incomplete", $"the channel '{channel.Name}' is of the kind {Kind(channel.Kind)} and has no {name}", $"Give it {string.Join(", ", needed)}.");
                }
                else if (has && !needed.Contains(name, StringComparer.Ordinal) && !allowed.Contains(name, StringComparer.Ordinal))
                {
                    Add(place, "channel-surplus", $"the channel '{channel.Name}' is of the kind {Kind(channel.Kind)}, which has no {name}", "Leave it out.");
                }
            }

            if (channel.Url is { Url: { } url } && !(Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))))
            {
                Add(place + ".url", "channel-url", $"the channel '{channel.Name}' posts to {SecretText.Mask(url)}, which is neither https nor on this machine", "Write https://...");
            }

            if (channel.Kind is ChannelKind.Slack or ChannelKind.Pagerduty && channel.Url is { Url: { } shown } && SecretText.IsSecretUrl(shown))
            {
                Add(place + ".url", "channel-secret", $"the URL of the channel '{channel.Name}' is a secret and stands in the file", "Write {\"env\": \"NAME\"} or {\"file\": \"PATH\"}, and have the URL replaced where it was made: it is in git's history.");
            }

            foreach (var address in channel.To.Concat(channel.From is null ? [] : [channel.From]).Where(address => !MailAddress.TryCreate(address, out _) || !address.All(char.IsAscii) || address.Any(char.IsControl) || address.AsSpan().ContainsAny(" <>")))
            {
                Add(place, "channel-address", $"'{address}' is no email address", "Write it as name@example.org.");
            }

            if (channel.Smtp is { } smtp)
            {
                if (smtp.Security == SmtpSecurity.None && !(string.Equals(smtp.Host, "localhost", StringComparison.Ordinal) || (IPAddress.TryParse(smtp.Host, out var ip) && IPAddress.IsLoopback(ip))))
                {
                    Add(place + ".smtp", "channel-plain", $"the channel '{channel.Name}' sends mail to {smtp.Host} in the clear", "Write \"security\": \"starttls\" or \"tls\".");
                }

                if (smtp.User is null != smtp.Password is null)
                {
                    Add(place + ".smtp", "channel-incomplete", $"the channel '{channel.Name}' has {(smtp.User is null ? "a password and no user" : "a user and no password")}", "Give both or neither.");
                }

                if (smtp.Port is not (>= 1 and <= 65535))
                {
                    Add(place + ".smtp.port", "channel-port", $"{smtp.Port} is no port", "Write 587, 465 or 25.");
                }
            }

            if (channel.Path is { } path && (System.IO.Path.IsPathRooted(path) || path.Split('/', '\\').Contains("..", StringComparer.Ordinal)))
            {
                Add(place + ".path", "channel-path", $"'{path}' leads out of the workspace", "Write a path relative to the workspace, such as reports/alerts.jsonl.");
            }
        }

        static string Kind(ChannelKind kind) => kind.ToString().ToLowerInvariant();
    }
}
