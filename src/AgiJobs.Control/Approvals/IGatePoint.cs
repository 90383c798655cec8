using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Approvals;

/// <summary>What a point of the resume gate answers.</summary>
public abstract record GateAnswer;

/// <summary>The program itself found that it holds.</summary>
/// <param name="How">How it was found.</param>
public sealed record GatePassed(string How) : GateAnswer;

/// <summary>The program itself found that it does not hold; nobody's signature changes that.</summary>
/// <param name="Why">Why not.</param>
/// <param name="Command">What mends it; null when no command does.</param>
public sealed record GateNotPassed(string Why, string? Command) : GateAnswer
{
    /// <summary>A stable identifier of the refusal.</summary>
    public string Code { get; init; } = "gate-closed";
}

/// <summary>The program cannot tell, so people who own the point sign for it.</summary>
/// <param name="Duties">Whose signatures it takes, one of each.</param>
/// <param name="Why">What is not connected.</param>
public sealed record GateNotConnected(IReadOnlyList<Duty> Duties, string Why) : GateAnswer;

/// <summary>One point of a gate: what must be so before a stopped protocol runs again, or before any change but a pause is sent.</summary>
public interface IGatePoint
{
    /// <summary>Its name, for people: <c>alerts back to normal</c>.</summary>
    string Name { get; }

    /// <summary>Whether it holds now.</summary>
    /// <param name="change">The change.</param>
    /// <param name="demands">What the policy says about it; nothing where approvals are not managed.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ControlException">When what it asks cannot be reached, with exit 5.</exception>
    Task<GateAnswer> AskAsync(FiledChange change, ChangeDemands demands, CancellationToken cancellation);
}

/// <summary>A point that nothing is connected to yet, or never will be: people sign for it.</summary>
/// <param name="name">Its name.</param>
/// <param name="why">What is not connected.</param>
/// <param name="duties">Whose signatures it takes, by the policy.</param>
public sealed class SignedPoint(string name, string why, Func<ChangeDemands, IReadOnlyList<Duty>> duties) : IGatePoint
{
    /// <summary>Checks, while none are connected.</summary>
    public static SignedPoint Checks { get; } = new("checks passed", "unknown: no checks are connected", demands => [demands.Checks]);

    /// <summary>The sign-offs of the responders.</summary>
    public static SignedPoint Responders { get; } = new("sign-offs of the responders", "people's word, recorded", demands => demands.Responders);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public Task<GateAnswer> AskAsync(FiledChange change, ChangeDemands demands, CancellationToken cancellation) => Task.FromResult<GateAnswer>(new GateNotConnected(duties(demands), why));
}

/// <summary>How far the multisig behind a change has come.</summary>
/// <param name="Safe">The Safe.</param>
/// <param name="Signed">Signatures that count.</param>
/// <param name="Needed">Its threshold.</param>
/// <param name="Missing">The owners who have not signed.</param>
/// <param name="Stale">Signatures on file that count no more, each with the reason.</param>
public sealed record MultisigStanding(Address Safe, int Signed, int Needed, IReadOnlyList<Address> Missing, IReadOnlyList<string> Stale);

/// <summary>The multisig's approval: as many owners' signatures as the Safe demands.</summary>
/// <param name="read">Reads the Safe behind a change and counts the signatures on file.</param>
/// <param name="signerOf">The name of an address's signer, for the command that mends; null when it has none.</param>
public sealed class MultisigPoint(Func<FiledChange, CancellationToken, Task<MultisigStanding>> read, Func<Address, string?> signerOf) : IGatePoint
{
    /// <inheritdoc/>
    public string Name => "the multisig's approval";

    /// <inheritdoc/>
    public async Task<GateAnswer> AskAsync(FiledChange change, ChangeDemands demands, CancellationToken cancellation)
    {
        if (change.Document.Steps[0].Route.Base is { Kind: not RouteKind.Safe } route)
        {
            return new GateNotPassed($"it is sent by {route.Caller} and not by a multisig, and only the multisig's approval resumes", "agijobs owner system-pause --action unpause --signer OWNER");
        }

        var standing = await read(change, cancellation).ConfigureAwait(false);
        return standing.Signed >= standing.Needed
            ? new GatePassed($"{standing.Signed} of the {standing.Needed} signatures that the Safe {standing.Safe} demands")
            : new GateNotPassed(
                $"it has {standing.Signed} of the {standing.Needed} signatures that the Safe {standing.Safe} demands{(standing.Stale.Count == 0 ? "" : $"; these count no more: {string.Join("; ", standing.Stale)}")}",
                $"agijobs change approve {change.Id} --signer {standing.Missing.Select(signerOf).FirstOrDefault(name => name is not null) ?? "OWNER"}");
    }
}
