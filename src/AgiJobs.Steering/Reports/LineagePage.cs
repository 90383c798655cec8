using System.Security.Cryptography;
using System.Text.Json;
using System.Text;
using AgiJobs.Hgm.Policies;
using AgiJobs.Steering.Runs;

namespace AgiJobs.Steering.Reports;

/// <summary>
/// <c>lineage.html</c>, a page that draws a run's tree, and <c>lineage-data.js</c> beside it, by which an open page follows a live run. The page is one file with all its data, and its content security policy lets it
/// load nothing but that one script from its own folder. The script holds the last updates; a page that missed more loads itself anew. Names and artifacts of a run are data: JSON in which no character ends a
/// script, shown as text. Not safe for use by several threads at once.
/// </summary>
public sealed class LineagePage
{
    /// <summary>The page's name.</summary>
    public const string FileName = "lineage.html";

    /// <summary>The updates' name; the page asks for it under this name.</summary>
    public const string UpdatesName = "lineage-data.js";

    // Artifacts of all agents together, in characters; those of the best agent's line come first, then the others in their order.
    private const int MaxArtifacts = 2_000_000;
    private const int MaxArtifact = 4_000;
    private const int MaxUpdates = 100;
    private const int MaxUpdateBytes = 512 * 1024;

    private static readonly Lazy<(string Before, string After)> Template = new(ReadTemplate);

    private readonly RunIdentity _identity;
    private readonly RunHistory _history;
    private readonly RunHistory? _rival;
    private readonly Queue<(long From, long To, byte[] Json)> _updates = new();
    private long _told;
    private int _toldAgents;
    private int _toldPoints;
    private int _toldInterventions;
    private int _toldRivalPoints;
    private int _updateBytes;
    private bool _begun;

    /// <summary>A page of a run as it is now; updates count from here.</summary>
    /// <param name="identity">Where the run is.</param>
    /// <param name="history">The run.</param>
    /// <param name="rival">Another run whose return is drawn beside, if any.</param>
    public LineagePage(RunIdentity identity, RunHistory history, RunHistory? rival)
    {
        (_identity, _history, _rival) = (identity, history, rival);
        _history.TakeChanged();
        Remember();
    }

    /// <summary>The whole page.</summary>
    /// <param name="live">Whether updates will follow: the page then looks for them.</param>
    public byte[] Render(bool live)
    {
        using var page = new MemoryStream();
        page.Write(Encoding.UTF8.GetBytes(Template.Value.Before));

        // The default encoder writes '<', '>' and '&' as escapes: nothing in the data can end the block that it stands in.
        using (var writer = new Utf8JsonWriter(page))
        {
            WriteAll(writer, live);
        }

        page.Write(Encoding.UTF8.GetBytes(Template.Value.After));
        return page.ToArray();
    }

    /// <summary>Makes an update of what happened since the last call.</summary>
    /// <returns>The file of the last updates; null when it would be as it was. The first call always gives one: what an earlier writer left must not be taken for this run's.</returns>
    public byte[]? Update()
    {
        var (first, nothing) = (!_begun, _history.State.Version == _told && (_rival is null || _rival.Points.Count == _toldRivalPoints));
        _begun = true;
        if (nothing)
        {
            return first ? UpdatesFile() : null;
        }

        Add(_history.TakeChanged());
        while (_updates.Count > MaxUpdates || (_updateBytes > MaxUpdateBytes && _updates.Count > 1))
        {
            _updateBytes -= _updates.Dequeue().Json.Length;
        }

        return UpdatesFile();
    }

    /// <summary>The file of a run that no more is told of: one update from nothing to its end, so that the same run gives the same bytes and a page that is behind need not load itself anew.</summary>
    public byte[] LastUpdate()
    {
        _updates.Clear();
        (_told, _toldAgents, _toldPoints, _toldInterventions, _toldRivalPoints, _updateBytes, _begun) = (0, 0, 0, 0, 0, 0, true);
        _history.TakeChanged();
        Add([.. Enumerable.Range(0, _history.State.Tree.Count)]);
        return UpdatesFile();
    }

    private void Add(IReadOnlyList<int> changed)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteUpdate(writer, changed);
        }

        _updates.Enqueue((_told, _history.State.Version, buffer.ToArray()));
        _updateBytes += (int)buffer.Length;
        Remember();
    }

    private byte[] UpdatesFile()
    {
        using var file = new MemoryStream();
        file.Write("lineageUpdates("u8);
        using (var writer = new Utf8JsonWriter(file))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", "agijobs.lineage-updates/1");
            writer.WriteString("identity", Identity());
            writer.WriteNumber("from", _updates.Count == 0 ? _told : _updates.Peek().From);
            writer.WriteNumber("to", _told);
            writer.WriteStartArray("updates");
            foreach (var update in _updates)
            {
                writer.WriteRawValue(update.Json);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        file.Write(");\n"u8);
        return file.ToArray();
    }

    private string Identity()
    {
        var settings = _history.State.Settings;
        return FormattableString.Invariant($"{_identity.Network}/{_identity.ChainId}/{_identity.Run}/{settings.Policy}/{settings.Seed}/{settings.Tasks}/{settings.Evaluations}/{settings.Concurrency}");
    }

    private void Remember() =>
        (_told, _toldAgents, _toldPoints, _toldInterventions, _toldRivalPoints) = (_history.State.Version, _history.State.Tree.Count, _history.Points.Count, _history.Interventions.Count, _rival?.Points.Count ?? 0);

    private void WriteAll(Utf8JsonWriter writer, bool live)
    {
        var (state, tree) = (_history.State, _history.State.Tree);
        var settings = state.Settings;
        writer.WriteStartObject();
        writer.WriteString("schema", "agijobs.lineage/1");
        writer.WriteString("identity", Identity());
        writer.WriteBoolean("live", live);
        writer.WriteString("network", _identity.Network);
        writer.WriteNumber("chainId", _identity.ChainId);
        writer.WriteString("run", _identity.Run);
        writer.WriteString("policy", settings.Policy);
        writer.WriteString("seed", FormattableString.Invariant($"{settings.Seed}"));
        writer.WriteNumber("tasks", settings.Tasks);
        writer.WriteNumber("budget", settings.Evaluations);
        writer.WriteNumber("concurrency", settings.Concurrency);
        writer.WriteNumber("epsilon", settings.Epsilon);
        WriteHead(writer);
        writer.WriteStartArray("parents");
        foreach (var parent in tree.Parents)
        {
            writer.WriteNumberValue(parent);
        }

        writer.WriteEndArray();
        Column("successes", tree.Successes);
        Column("failures", tree.Failures);
        writer.WriteStartArray("costs");
        for (var agent = 0; agent < tree.Count; agent++)
        {
            writer.WriteStringValue(_history.State.Ledger.Agent(agent).Cost.ToString());
        }

        writer.WriteEndArray();
        writer.WriteStartArray("values");
        for (var agent = 0; agent < tree.Count; agent++)
        {
            writer.WriteStringValue(_history.State.Ledger.Agent(agent).Value.ToString());
        }

        writer.WriteEndArray();
        writer.WriteStartArray("inFlight");
        for (var agent = 0; agent < tree.Count; agent++)
        {
            if (state.InFlight(agent) > 0)
            {
                Pair(writer, agent, state.InFlight(agent));
            }
        }

        writer.WriteEndArray();
        WriteArtifacts(writer);
        WritePruned(writer, _history.Pruned.Keys.Order());
        WritePoints(writer, "points", _history, 0);
        WriteInterventions(writer, 0);
        if (_rival is not null)
        {
            writer.WriteStartObject("rival");
            writer.WriteString("run", _rival.Run);
            writer.WriteString("policy", _rival.State.Settings.Policy);
            WritePoints(writer, "points", _rival, 0);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();

        void Column(string name, ReadOnlySpan<int> numbers)
        {
            writer.WriteStartArray(name);
            foreach (var number in numbers)
            {
                writer.WriteNumberValue(number);
            }

            writer.WriteEndArray();
        }
    }

    // Everything in it is what it is then, and not by how much it changed: an update that is applied twice does no harm.
    private void WriteUpdate(Utf8JsonWriter writer, IReadOnlyList<int> changed)
    {
        var (state, tree) = (_history.State, _history.State.Tree);
        writer.WriteStartObject();
        writer.WriteNumber("from", _told);
        WriteHead(writer);
        writer.WriteStartArray("added");
        for (var agent = _toldAgents; agent < tree.Count; agent++)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(agent);
            writer.WriteNumberValue(tree.Parents[agent]);
            writer.WriteStringValue(Shortened(state.Artifact(agent)));
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("changed");
        foreach (var agent in changed)
        {
            var own = state.Ledger.Agent(agent);
            writer.WriteStartArray();
            writer.WriteNumberValue(agent);
            writer.WriteNumberValue(tree.Successes[agent]);
            writer.WriteNumberValue(tree.Failures[agent]);
            writer.WriteStringValue(own.Cost.ToString());
            writer.WriteStringValue(own.Value.ToString());
            writer.WriteNumberValue(state.InFlight(agent));
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        WritePruned(writer, changed.Where(_history.Pruned.ContainsKey));
        WritePoints(writer, "points", _history, _toldPoints);
        WriteInterventions(writer, _toldInterventions);
        if (_rival is not null)
        {
            WritePoints(writer, "rivalPoints", _rival, _toldRivalPoints);
        }

        writer.WriteEndObject();
    }

    private void WriteHead(Utf8JsonWriter writer)
    {
        var state = _history.State;
        writer.WriteNumber("version", state.Version);
        writer.WriteString("state", RunStanding.Of(state));
        writer.WriteBoolean("finished", state.Finished is not null);
        writer.WriteNumber("evaluations", state.Evaluations);
        writer.WriteNumber("alpha", state.Alpha);
        writer.WriteNumber("prior", state.Prior);
        writer.WriteBoolean("open", state.ExpansionsOpen);
        writer.WriteString("cost", state.Ledger.Run.Cost.ToString());
        writer.WriteString("value", state.Ledger.Run.Value.ToString());
        var best = BestBelief.Choose(state);
        writer.WriteNumber("best", best);
        if (best >= 0)
        {
            writer.WriteNumber("bestLower", Math.Round(TimelineDocument.Belief(state, best).Lower, 6));
        }
    }

    private void WriteArtifacts(Utf8JsonWriter writer)
    {
        var (state, tree) = (_history.State, _history.State.Tree);
        var kept = new string?[tree.Count];
        var room = MaxArtifacts;
        for (var agent = BestBelief.Choose(state); agent >= 0; agent = tree.Parents[agent])
        {
            Keep(agent);
        }

        for (var agent = 0; agent < tree.Count; agent++)
        {
            Keep(agent);
        }

        writer.WriteStartArray("artifacts");
        foreach (var artifact in kept)
        {
            writer.WriteStringValue(artifact);
        }

        writer.WriteEndArray();

        void Keep(int agent)
        {
            if (kept[agent] is null && Shortened(state.Artifact(agent)) is { } artifact && artifact.Length <= room)
            {
                kept[agent] = artifact;
                room -= artifact.Length;
            }
        }
    }

    private void WritePruned(Utf8JsonWriter writer, IEnumerable<int> agents)
    {
        writer.WriteStartArray("pruned");
        foreach (var agent in agents)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(agent);
            writer.WriteStringValue(_history.Pruned[agent]);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private void WriteInterventions(Utf8JsonWriter writer, int after)
    {
        writer.WriteStartArray("interventions");
        foreach (var intervention in _history.Interventions.Skip(after))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", intervention.Version);
            writer.WriteNumber("evaluations", intervention.Evaluations);
            writer.WriteString("at", intervention.At);
            writer.WriteString("kind", intervention.Kind);
            writer.WriteNumber("agent", intervention.Agent);
            writer.WriteString("text", intervention.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WritePoints(Utf8JsonWriter writer, string name, RunHistory history, int after)
    {
        writer.WriteStartArray(name);
        foreach (var point in history.Points.Skip(after))
        {
            Write(point);
        }

        // The end of a run is a point of its own, also where no step ends.
        if (history.State.Finished is not null && history.Points is [.., { } last] && last.Results != history.Results)
        {
            Write(history.Point());
        }

        writer.WriteEndArray();

        void Write(TimelinePoint point)
        {
            writer.WriteStartArray();
            writer.WriteNumberValue(point.Version);
            writer.WriteNumberValue(point.Evaluations);
            writer.WriteStringValue(point.Account.Cost.ToString());
            writer.WriteStringValue(point.Account.Value.ToString());
            writer.WriteNumberValue(point.Agents);
            writer.WriteEndArray();
        }
    }

    private static void Pair(Utf8JsonWriter writer, int one, int other)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(one);
        writer.WriteNumberValue(other);
        writer.WriteEndArray();
    }

    private static string? Shortened(string? artifact) => artifact is { Length: > MaxArtifact } ? artifact[..(char.IsHighSurrogate(artifact[MaxArtifact - 1]) ? MaxArtifact - 1 : MaxArtifact)] + "…" : artifact;

    // The policy names the page's own script and style by their digests: no other inline script runs, whatever the data says.
    private static (string Before, string After) ReadTemplate()
    {
        var (page, style, script) = (Resource("lineage.html"), Resource("lineage.css"), Resource("lineage.js"));
        var policy = $"default-src 'none'; script-src 'self' '{Digest(script)}'; style-src '{Digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'";
        var whole = page.Replace("{{policy}}", policy, StringComparison.Ordinal).Replace("{{style}}", style, StringComparison.Ordinal).Replace("{{script}}", script, StringComparison.Ordinal);
        var at = whole.IndexOf("{{data}}", StringComparison.Ordinal);
        return (whole[..at], whole[(at + "{{data}}".Length)..]);
    }

    private static string Digest(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    private static string Resource(string name)
    {
        using var stream = typeof(LineagePage).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The assembly has no {name}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
