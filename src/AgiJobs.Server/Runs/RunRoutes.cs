using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using AgiJobs.Arena.Gateway;
using AgiJobs.Control;
using AgiJobs.Control.Evidence.Ledger;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;
using AgiJobs.Server.Hosting;
using AgiJobs.Server.Requests;
using AgiJobs.Steering.Runs;
using AgiJobs.Steering.Steerage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgiJobs.Server.Runs;

/// <summary>
/// Runs as anybody may read them, and as people may steer them: signed as agents' requests are, let through once, and by the duties that <c>docs/hgm.md</c> names. What holds a run back takes fewer duties than
/// what lets it go.
/// </summary>
internal sealed class RunRoutes(ServerParts parts, SteeringDesk desk, RequestAuthentication authentication, RateLimits limits, HgmOptions options)
{
    private const int Page = 500;
    private const int LongestReason = 500;

    private static readonly Duty[] Parameters = [Duty.Operator, Duty.Finance];
    private static readonly Duty[] LetGo = [Duty.Operator, Duty.Commander];
    private static readonly Duty[] HoldBack = [Duty.Operator, Duty.Commander, Duty.Security];
    private static readonly Duty[] Prune = [Duty.Operator, Duty.Security];
    private static readonly Duty[] Results = [Duty.Security];

    private static readonly string[] OfSteering =
    [
        GatewayCode.Malformed, RunCode.Unknown, RunCode.Name, RunCode.NotAPerson, RunCode.DutyMissing, RunCode.StaleVersion, RunCode.VersionUnknown, RunCode.PeopleUnknown, RunCode.LedgerUnknown,
    ];

    private readonly DurableRunStore _runs = new(parts.Store, parts.Network);
    private readonly RunBook _book = new(new DurableRunStore(parts.Store, parts.Network));

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/hgm/runs", (Delegate)ListAsync).WithMetadata(new RouteFacts("The runs of the network, by name; live=true leaves out those that are over.") { Gives = typeof(IReadOnlyList<RunView>), Codes = [GatewayCode.Malformed] });
        routes.MapGet("/v1/hgm/runs/{name}", (Delegate)RunAsync).WithMetadata(new RouteFacts("One run: version, parameters, counts, money, return, gate and end.") { Gives = typeof(RunView), Codes = [RunCode.Unknown, RunCode.Name] });
        routes.MapGet("/v1/hgm/runs/{name}/events", (Delegate)EventsAsync).WithMetadata(new RouteFacts("The events of a run after a version, at most 500.") { Gives = typeof(RunEventsView), Codes = [GatewayCode.Malformed, RunCode.Unknown, RunCode.Name] });
        Steer(routes, "parameters", "Sets α or the prior.", typeof(ParametersRequest), [RunCode.AlphaAboveOne, RunCode.BadSetting, RunCode.Finished], body =>
        {
            var asked = Parse(body, RunJson.Default.ParametersRequest, "{\"expectedVersion\":N,\"reason\":\"...\",\"alpha\":N,\"prior\":N}");
            return asked.Alpha is null && asked.Prior is null
                ? throw Malformed("Neither 'alpha' nor 'prior' is given.")
                : new Wish(Parameters, asked.ExpectedVersion, asked.Reason, (run, reason) => new ParametersChanged(asked.Alpha ?? run.Alpha, asked.Prior ?? run.Prior, reason));
        });
        Steer(routes, "gate", "Shuts expansions, or lets them go on.", typeof(GateRequest), [RunCode.Finished], body =>
        {
            var asked = Parse(body, RunJson.Default.GateRequest, "{\"expectedVersion\":N,\"reason\":\"...\",\"open\":false}");
            return new Wish(asked.Open ? LetGo : HoldBack, asked.ExpectedVersion, asked.Reason, (_, reason) => new ExpansionGateSet(asked.Open, reason));
        });
        Steer(routes, "prune", "Sets an agent aside.", typeof(PruneRequest), [RunCode.NoSuchAgent, RunCode.Finished], body =>
        {
            var asked = Parse(body, RunJson.Default.PruneRequest, "{\"expectedVersion\":N,\"reason\":\"...\",\"agent\":N}");
            return new Wish(Prune, asked.ExpectedVersion, asked.Reason, (_, reason) => new AgentPruned(asked.Agent, reason));
        });
        Steer(routes, "stop", "Ends the run: nothing starts any more, and what is in flight is waited for.", typeof(StopRequest), [RunCode.Finished], body =>
        {
            var asked = Parse(body, RunJson.Default.StopRequest, "{\"reason\":\"...\"}");
            return new Wish(HoldBack, asked.ExpectedVersion, asked.Reason, (_, reason) => new StopRequested(reason));
        });
        Steer(routes, "revoke", "Takes a result back, such as that of a slashed win.", typeof(ResultRequest), [RunCode.NothingToRevoke], body =>
        {
            var asked = Parse(body, RunJson.Default.ResultRequest, "{\"reason\":\"...\",\"operation\":N}");
            return new Wish(Results, asked.ExpectedVersion, asked.Reason, (_, reason) => new ResultRevoked(asked.Operation, reason));
        });
        Steer(routes, "reinstate", "Lets a revoked result count again.", typeof(ResultRequest), [RunCode.NothingToReinstate], body =>
        {
            var asked = Parse(body, RunJson.Default.ResultRequest, "{\"reason\":\"...\",\"operation\":N}");
            return new Wish(Results, asked.ExpectedVersion, asked.Reason, (_, reason) => new ResultReinstated(asked.Operation, reason));
        });
    }

    private void Steer(IEndpointRouteBuilder routes, string action, string summary, Type takes, IReadOnlyList<string> codes, Func<ReadOnlyMemory<byte>, Wish> wish) =>
        routes.MapPost($"/v1/hgm/runs/{{name}}/{action}", (Delegate)((HttpContext context, string name) => SteerAsync(context, name, action, wish)))
            .WithMetadata(new RouteFacts(summary) { IsSigned = true, Takes = takes, Gives = typeof(SteeredView), Codes = [.. OfSteering, .. codes] });

    private async Task ListAsync(HttpContext context, string? live)
    {
        var onlyLive = live switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw Malformed("'live' is true or false."),
        };
        var views = new List<RunView>();
        foreach (var run in await _book.ListAsync(entry => !onlyLive || !entry.IsFinished, context.RequestAborted).ConfigureAwait(false))
        {
            views.Add(await ViewAsync(run, context.RequestAborted).ConfigureAwait(false));
        }

        await Answer.JsonAsync(context, views, RunJson.Default.IReadOnlyListRunView).ConfigureAwait(false);
    }

    private async Task RunAsync(HttpContext context, string name)
    {
        var run = await ToldAsync(() => _book.ReadAsync(name, context.RequestAborted)).ConfigureAwait(false) ?? throw Unknown(name);
        await Answer.JsonAsync(context, await ViewAsync(run, context.RequestAborted).ConfigureAwait(false), RunJson.Default.RunView).ConfigureAwait(false);
    }

    private async Task EventsAsync(HttpContext context, string name, string? after)
    {
        var from = after is null ? 0 : long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : throw Malformed("'after' is a version, 0 or more.");
        var kept = await ToldAsync(() => _runs.KeptAsync(name, from, Page, context.RequestAborted)).ConfigureAwait(false);
        if (kept.Count == 0 && (await _runs.KeptAsync(name, 0, 1, context.RequestAborted).ConfigureAwait(false)).Count == 0)
        {
            throw Unknown(name);
        }

        var view = new RunEventsView(name, [.. kept.Select(one => new RunEventView(one.Version, one.At, JsonNode.Parse(one.Text)!))], kept.Count == Page ? kept[^1].Version : null);
        await Answer.JsonAsync(context, view, RunJson.Default.RunEventsView).ConfigureAwait(false);
    }

    private async Task SteerAsync(HttpContext context, string name, string action, Func<ReadOnlyMemory<byte>, Wish> read)
    {
        var (address, body) = await Signatures.AuthenticateAsync(context, authentication, limits).ConfigureAwait(false);
        var wish = read(body);
        if (string.IsNullOrWhiteSpace(wish.Reason) || wish.Reason.Length > LongestReason || wish.Reason.Any(char.IsControl))
        {
            throw Malformed($"'reason' is 1 to {LongestReason} characters of one line.");
        }

        var person = PersonOf(address, wish.Duties, action);
        var digest = new Bytes32(SHA256.HashData(Encoding.UTF8.GetBytes($"{context.Request.Headers[GatewayStatement.NonceHeader]}\n{context.Request.Headers[GatewayStatement.SignatureHeader]}\n{Convert.ToHexStringLower(SHA256.HashData(body.Span))}")));
        var request = new SteeringRequest(name, action, run => wish.Happened(run, $"{wish.Reason} (by {person.Name})"), wish.ExpectedVersion, new LedgerParty { Name = person.Name, Address = address }, wish.Reason, digest);
        var steered = await ToldAsync(() => desk.SteerAsync(request, context.RequestAborted)).ConfigureAwait(false);
        await Answer.JsonAsync(context, new SteeredView(name, steered.Version, action, steered.From, steered.To, person.Name, wish.Reason, digest.ToString(), steered.IsRecorded), RunJson.Default.SteeredView).ConfigureAwait(false);
    }

    private Operator PersonOf(Address address, IReadOnlyList<Duty> duties, string action)
    {
        OperatorBook? people;
        try
        {
            people = options.People();
        }
        catch (ControlException problem)
        {
            throw new RefusalException(RunCode.PeopleUnknown, $"Who may steer cannot be read: {problem.Message}", "Have config/operators.json mended on the server; 'agijobs config lint' says what is wrong.", null, problem);
        }

        var person = people?.Of(address)
            ?? throw new RefusalException(RunCode.NotAPerson, $"{address} belongs to nobody in config/operators.json.", "Sign with an address of a person on file, or have the person put on file.");
        return person.Duties.Intersect(duties).Any()
            ? person
            : throw new RefusalException(RunCode.DutyMissing, $"{person.Name} has the duties {person.Duties.Names(", ")}; '{action}' takes {duties.Names()}.", "Have somebody with that duty sign.");
    }

    private async Task<RunView> ViewAsync(RunFigures run, CancellationToken cancellation)
    {
        var driver = run.Finished is null ? (await parts.Store.FindLeaseAsync(_runs.StreamOf(run.Run), cancellation).ConfigureAwait(false))?.Holder : null;
        return new RunView(
            run.Run,
            run switch { { Finished: not null } => "finished", { StopReason: not null } => "stopping", { IsHeld: true } => "held", _ => driver is null ? "waiting" : "running" },
            driver is null ? null : DriverName.Words(driver),
            run.Version,
            run.SteeredVersion,
            run.Begun,
            run.At,
            run.Settings.Policy,
            run.Settings.Seed,
            run.Settings.Tasks,
            run.Settings.Evaluations,
            run.Settings.Concurrency,
            run.Alpha,
            run.Prior,
            run.Settings.AllowAlphaAboveOne,
            run.Evaluations,
            run.InFlight,
            run.Agents,
            run.Expansions,
            run.ExpansionsFailed,
            run.Revoked,
            run.Money.Cost.ToString(),
            run.Money.Value.ToString(),
            run.Money.Roi,
            run.RecentRoi,
            run.CostRatio,
            new RunGateView(run.IsGateOpen, run.GateReason),
            run.Holds,
            run.StopReason,
            run.Finished is { } end ? new RunEndView(end.Reason switch { RunEnd.EvaluationsSpent => "evaluations-spent", RunEnd.NothingLeft => "nothing-left", RunEnd.CostCap => "cost-cap", RunEnd.NoVerdicts => "no-verdicts", _ => "stopped" }, end.Best) : null);
    }

    // A refusal of the engine, of the desk or of the ledger in the words of a request.
    private static async Task<T> ToldAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (HgmException problem)
        {
            throw new RefusalException(problem.Code, problem.Message, problem.Mend, null, problem);
        }
        catch (ControlException problem)
        {
            throw new RefusalException(RunCode.LedgerUnknown, $"The change would not be in the owner's ledger: {problem.Message}", "Have the ledger mended on the server.", null, problem);
        }
    }

    private static T Parse<T>(ReadOnlyMemory<byte> body, JsonTypeInfo<T> type, string form)
    {
        try
        {
            return JsonSerializer.Deserialize(body.Span, type) ?? throw Malformed($"The body is null; it is {form}.");
        }
        catch (JsonException problem)
        {
            throw new RefusalException(GatewayCode.Malformed, $"The body is not {form}: {problem.Message}", "Correct it and sign anew.", null, problem);
        }
    }

    private static RefusalException Malformed(string rule) => new(GatewayCode.Malformed, rule, "Correct the request and sign anew.");

    private static RefusalException Unknown(string name) => new(RunCode.Unknown, $"There is no run '{(name.Length > DurableRunStore.MaxName ? name[..DurableRunStore.MaxName] : name)}'.", "GET /v1/hgm/runs lists them.");

    private sealed record Wish(IReadOnlyList<Duty> Duties, long? ExpectedVersion, string Reason, Func<RunFigures, string, RunEvent> Happened);
}
