using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgiJobs.Hgm.Ledger;
using AgiJobs.Hgm.Runs;
using AgiJobs.Steering.Evolution;
using AgiJobs.Steering.Programs;
using AgiJobs.Tasks;

namespace AgiJobs.Steering.Worlds;

/// <summary>
/// A world whose work others do. What they say is judged and never believed where it can be checked: an answer to a task of the arena by the task's family, a cost by its reservation, an operation and a task by
/// their numbers. Everything that is not as it must be is a failed expansion or an evaluation without verdict, at the cost of its reservation where nobody can tell what it cost. Safe for use by several threads.
/// </summary>
internal sealed class ExternalWorld(IExchange? expander, IExchange? evaluator, TaskSet? arena, IReadOnlyList<string>? tasks, ProgramWorld? programs, DefinedWorld world) : IPortableWorld
{
    private const int Version = 1;

    // What a run keeps for each agent.
    private const int MostArtifact = 262_144;

    /// <inheritdoc/>
    public async Task<ExpansionOutcome> ExpandAsync(ExpansionWork work, string? mate, CancellationToken cancellation)
    {
        if (expander is null)
        {
            return await programs!.ExpandAsync(work, mate, cancellation).ConfigureAwait(false);
        }

        var request = Request("expand", work.Run, work.Operation, work.Seed, work.Parent, work.Artifact, work.Reserved, writer =>
        {
            if (mate is not null)
            {
                writer.WriteString("mate", mate);
            }
        });
        var reply = await expander.AskAsync(new ExternalRequest(request, work.Operation, work.Seed, work.Artifact, mate), cancellation).ConfigureAwait(false);
        var (fault, artifact, cost) = (reply.Fault, reply.Artifact, reply.Cost);
        if (reply.Json is { } json)
        {
            (fault, cost) = Read(json, work.Operation, fields => artifact = fields.TextOrNothing("artifact"));
        }

        (fault, var settled) = Settled(fault, cost, work.Reserved);
        fault ??= artifact is null ? "it gave no agent and no fault"
            : artifact.Length > MostArtifact ? $"the agent has {artifact.Length} characters, and {MostArtifact} are the most"
            : string.Equals(artifact, work.Artifact, StringComparison.Ordinal) ? "the agent is its parent"
            : programs is not null && evaluator is null && !AgentProgram.TryParse(artifact, out _) ? "the agent is no program"
            : null;
        return new ExpansionOutcome(fault, fault is null ? artifact : null, settled);
    }

    /// <inheritdoc/>
    public async Task<EvaluationOutcome> EvaluateAsync(EvaluationWork work, CancellationToken cancellation)
    {
        if (evaluator is null)
        {
            return await programs!.EvaluateAsync(work, cancellation).ConfigureAwait(false);
        }

        var request = Request("evaluate", work.Run, work.Operation, work.Seed, work.Agent, work.Artifact, work.Reserved, writer =>
        {
            writer.WriteNumber("task", work.Task);
            writer.WritePropertyName("statement");
            writer.WriteRawValue(arena is null ? tasks![work.Task] : arena[work.Task].Text);
        });
        var reply = await evaluator.AskAsync(new ExternalRequest(request, work.Operation, work.Seed, work.Artifact, null), cancellation).ConfigureAwait(false);
        bool? passed = null;
        var (fault, cost) = (reply.Fault, reply.Cost);
        if (reply.Json is { } json)
        {
            (fault, cost) = Read(json, work.Operation, fields =>
            {
                if (fields.Number("task") is var task && task != work.Task)
                {
                    fields.Wrong("task", $"is {task}, and {work.Task} was asked", 0);
                }

                // Who says what is right judges it; an answer that anybody can check is checked.
                passed = arena is null ? fields.TruthOrNothing("passed") : fields.TextOrNothing("answer") is { } answer ? TaskFamilies.Judge(arena[work.Task], answer).IsRight : null;
                if (arena is not null && passed is null && !fields.Has("fault"))
                {
                    // No answer is a wrong one.
                    passed = false;
                }
            });
        }

        (fault, var settled) = Settled(fault, cost, work.Reserved);
        fault ??= passed is null ? "it gave no verdict and no fault" : null;
        return fault is null
            ? new EvaluationOutcome(passed, null, settled, passed!.Value ? world.Value : Amount.Zero)
            : new EvaluationOutcome(null, fault, settled, Amount.Zero);
    }

    // What cannot be told costs what was reserved; what is claimed beyond that is not accepted, and neither is the result.
    private static (string? Fault, Amount Cost) Settled(string? fault, Amount? cost, Amount reserved)
    {
        if (cost is not { } claimed)
        {
            return (fault, reserved);
        }

        return claimed < Amount.Zero ? (fault ?? $"it claims a cost of {claimed}", reserved)
            : claimed > reserved ? (fault ?? $"it claims a cost of {claimed}, and {reserved} was reserved", reserved)
            : (fault, claimed);
    }

    private static (string? Fault, Amount? Cost) Read(byte[] json, int operation, Action<StrictObject> rest)
    {
        if (!StrictObject.TryParse(json, out var document, out var fault))
        {
            return ($"the answer cannot be read: {fault}", null);
        }

        using var closing = document;
        var fields = StrictObject.Of(document.RootElement);
        var version = fields.Number("version");
        if (fields.Fault is null && version != Version)
        {
            return ($"the answer is of version {version}, and this program knows version {Version}", null);
        }

        if (fields.Number("operation") is var told && fields.Fault is null && told != operation)
        {
            fields.Wrong("operation", $"is {told}, and {operation} was asked", 0);
        }

        rest(fields);
        var (failure, cost) = (fields.TextOrNothing("fault"), fields.MoneyOrNothing("cost"));
        return fields.End() is { } wrong ? ($"the answer cannot be read: {wrong}", null) : (failure is null ? null : $"it says: {Told.Line(failure)}", cost);
    }

    private static byte[] Request(string kind, string run, int operation, ulong seed, int agent, string? artifact, Amount reserved, Action<Utf8JsonWriter> rest)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", Version);
            writer.WriteString("kind", kind);
            writer.WriteString("run", run);
            writer.WriteNumber("operation", operation);
            writer.WriteString("seed", seed.ToString(CultureInfo.InvariantCulture));
            writer.WriteNumber("agent", agent);
            writer.WriteString("artifact", artifact);
            writer.WriteString("reserved", reserved.ToString());
            rest(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
