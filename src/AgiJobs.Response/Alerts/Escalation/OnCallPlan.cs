using AgiJobs.Control;
using AgiJobs.Control.OnCall;
using AgiJobs.Control.Workspaces;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts.Escalation;

/// <summary>A channel that is to be told, and whom it reaches.</summary>
/// <param name="Channel">The channel.</param>
/// <param name="People">People and groups, in the order of the file; none when only the channel is named.</param>
public sealed record Call(string Channel, IReadOnlyList<string> People);

/// <summary>When a step is due, and what it says.</summary>
/// <param name="After">How long after the beginning.</param>
/// <param name="Step">The step.</param>
public sealed record PlannedStep(TimeSpan After, EscalationStep Step);

/// <summary>What a severity demands.</summary>
/// <param name="Acknowledge">Within which time somebody is to acknowledge.</param>
/// <param name="Renotify">After which time what goes on is told again.</param>
/// <param name="Steps">The steps, by their time.</param>
public sealed record SeverityPlan(TimeSpan Acknowledge, TimeSpan Renotify, IReadOnlyList<PlannedStep> Steps);

/// <summary>An on-call file that can do what it promises, ready to be asked. Immutable.</summary>
public sealed class OnCallPlan
{
    private readonly Dictionary<string, Rota> _rotas;
    private readonly Dictionary<string, IReadOnlyList<string>> _channels;
    private readonly Dictionary<string, ContactGroup> _groups;
    private readonly Dictionary<Severity, SeverityPlan> _severities;

    /// <summary>Takes a file that was checked by <see cref="OnCallCheck"/>.</summary>
    public OnCallPlan(OnCallFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        File = file;
        _rotas = file.Rotations.ToDictionary(rotation => rotation.Name, rotation => Rota.Read(rotation).Rota!, StringComparer.Ordinal);
        _channels = file.Contacts.ToDictionary(contact => contact.Person, contact => contact.Channels, StringComparer.Ordinal);
        _groups = file.Groups.ToDictionary(group => group.Name, StringComparer.Ordinal);
        var policies = file.Policies.ToDictionary(policy => policy.Name, StringComparer.Ordinal);
        _severities = file.Severities.ToDictionary(rule => Severities.Parse(rule.Severity)!.Value, rule => Of(rule, policies[rule.Policy]));
    }

    /// <summary>The file.</summary>
    public OnCallFile File { get; }

    /// <summary>Within which time alerts are told as one.</summary>
    public TimeSpan GroupWindow => Spans.Parse(File.GroupWindow)!.Value;

    /// <summary>So many pages within that time make a storm.</summary>
    public int Storm => File.Storm!.Value;

    /// <summary>For how long a silence may hold at most.</summary>
    public TimeSpan MaxSilence => Spans.Parse(File.MaxSilence)!.Value;

    /// <summary>The rotations, in the order of the file.</summary>
    public IReadOnlyList<Rota> Rotas => [.. File.Rotations.Select(rotation => _rotas[rotation.Name])];

    /// <summary>The plan of a network's workspace; null when it has no on-call file.</summary>
    /// <exception cref="ControlException">Those of <see cref="OnCallCheck.Load"/>.</exception>
    public static OnCallPlan? Load(Workspace workspace, string network) => OnCallCheck.Load(workspace, network) is { } file ? new OnCallPlan(file) : null;

    /// <summary>What a severity demands.</summary>
    public SeverityPlan Of(Severity severity) => _severities[severity];

    /// <summary>Whom steps reach at a moment: each channel once, in the order of the steps.</summary>
    public IReadOnlyList<Call> Audience(IEnumerable<EscalationStep> steps, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(steps);
        var order = new List<string>();
        var people = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var step in steps)
        {
            foreach (var rotation in step.Rotations)
            {
                Person(_rotas[rotation].PersonAt(now));
            }

            foreach (var person in step.People)
            {
                Person(person);
            }

            foreach (var group in step.Groups.Select(name => _groups[name]))
            {
                foreach (var channel in group.Channels)
                {
                    Add(channel, group.Name);
                }

                foreach (var person in group.People)
                {
                    Person(person);
                }
            }

            foreach (var channel in step.Channels)
            {
                Add(channel, null);
            }
        }

        return [.. order.Select(channel => new Call(channel, people[channel]))];

        void Person(string name)
        {
            foreach (var channel in _channels[name])
            {
                Add(channel, name);
            }
        }

        void Add(string channel, string? whom)
        {
            if (!people.TryGetValue(channel, out var names))
            {
                people.Add(channel, names = []);
                order.Add(channel);
            }

            if (whom is not null && !names.Contains(whom, StringComparer.Ordinal))
            {
                names.Add(whom);
            }
        }
    }

    private static SeverityPlan Of(SeverityRule rule, EscalationPolicy policy)
    {
        var acknowledge = Spans.Parse(rule.Acknowledge)!.Value;
        var steps = new List<PlannedStep>();
        foreach (var step in policy.Steps)
        {
            steps.Add(new PlannedStep(Spans.Parse(step.After) ?? (steps.Count == 0 ? TimeSpan.Zero : steps[^1].After + acknowledge), step));
        }

        return new SeverityPlan(acknowledge, Spans.Parse(rule.Renotify)!.Value, steps);
    }
}
