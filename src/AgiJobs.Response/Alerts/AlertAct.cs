using System.Text.Json;
using AgiJobs.Control;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Alerts;

/// <summary>What a silence is about: everything that stands here must be so of an alert. It names a fingerprint, a rule or a module; a severity alone would hide what nobody knows yet.</summary>
/// <param name="Fingerprint">The fingerprint.</param>
/// <param name="Rule">The rule.</param>
/// <param name="Module">What the alert is about.</param>
/// <param name="Severity">The severity.</param>
public sealed record AlertMatcher(string? Fingerprint = null, string? Rule = null, string? Module = null, Severity? Severity = null)
{
    /// <summary>Whether it names something: what names nothing matches nothing.</summary>
    public bool IsNamed() => Fingerprint is not null || Rule is not null || Module is not null;

    /// <summary>Refuses what cannot be silenced.</summary>
    /// <exception cref="ControlException"><c>silence-matcher</c>; <c>silence-never</c> (exit 4).</exception>
    public void Check()
    {
        if (!IsNamed())
        {
            throw new ControlException(
                "silence-matcher",
                ExitCode.BadInput,
                Severity is { } all ? $"A silence of everything that is {all.Name()} would hide a new attack with what is expected." : "A silence of everything would hide a new attack with what is expected.",
                "Name what is expected, with --rule, --module or --fingerprint as 'agijobs alert list --json' has them; --severity narrows that.");
        }

        if (Rule is { } rule && AlertRules.IsNeverSilenced(rule))
        {
            throw new ControlException("silence-never", ExitCode.Refused, $"Alerts of the rule {rule} are never silenced; nor are the others of {AlertRules.NeverSilencedWords}.", "Mend what it tells of. 'agijobs alert ack' stops the escalation while somebody does.");
        }
    }

    /// <summary>Whether an alert is meant.</summary>
    public bool Matches(AlertRecord alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return IsNamed()
            && (Fingerprint is null || string.Equals(Fingerprint, alert.Fingerprint, StringComparison.Ordinal))
            && (Rule is null || string.Equals(Rule, alert.Rule, StringComparison.Ordinal))
            && (Module is null || string.Equals(Module, alert.Subject, StringComparison.Ordinal))
            && (Severity is null || Severity == alert.Severity);
    }

    /// <summary>In words: <c>rule treasury-drain, module FeePool</c>.</summary>
    public override string ToString() => string.Join(", ", new (string Name, string? Value)[] { ("fingerprint", Fingerprint), ("rule", Rule), ("module", Module), ("severity", Severity?.Name()) }
        .Where(one => one.Value is not null).Select(one => $"{one.Name} {one.Value}"));
}

/// <summary>What a person says about alerts, signed by them (EIP-712) under one of their duties: acknowledge, close, silence, unsilence.</summary>
public sealed record AlertAct
{
    /// <summary>Somebody has seen a page and works on it.</summary>
    public const string Acknowledge = "acknowledge";

    /// <summary>An alert is over, though nothing says so by itself.</summary>
    public const string Close = "close";

    /// <summary>Alerts are not told for a time.</summary>
    public const string Silence = "silence";

    /// <summary>A silence ends before its time.</summary>
    public const string Unsilence = "unsilence";

    private static readonly TypedSchema Type = TypedSchema.Parse("AlertAct(string network,uint256 chainId,string act,string subject,string incident,uint64 until,string reason,uint64 issued,string duty)");

    /// <summary>The format's version; 1.</summary>
    public required int Version { get; init; }

    /// <summary>The network's name in the workspace.</summary>
    public required string Network { get; init; }

    /// <summary>Its chain.</summary>
    public required ChainId ChainId { get; init; }

    /// <summary>What is done: one of the constants above.</summary>
    public required string Act { get; init; }

    /// <summary>The page, the alert or the silence that it is about; null for a silence that is made.</summary>
    public string? Target { get; init; }

    /// <summary>The alerts that a silence is about.</summary>
    public AlertMatcher? Matcher { get; init; }

    /// <summary>The incident that a silence belongs to and ends with; null when there is none.</summary>
    public string? Incident { get; init; }

    /// <summary>Until when a silence holds, in seconds since 1970.</summary>
    public long? Until { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was written, in seconds since 1970.</summary>
    public required long Issued { get; init; }

    /// <summary>The duties under one of which it may be signed.</summary>
    public static IReadOnlyList<Duty> Duties { get; } = [Duty.Security, Duty.Operator, Duty.Commander];

    /// <summary>Its identity: SHA-256 of its canonical JSON (RFC 8785).</summary>
    public Bytes32 Digest() => CanonicalJson.Digest(JsonSerializer.SerializeToUtf8Bytes(this, AlertJson.Default.AlertAct));

    /// <summary>How people name it: the digest's first 16 digits.</summary>
    public string Id() => Digest().ToString()[2..18];

    /// <summary>What it is about, in words.</summary>
    public string Subject() => Target ?? Matcher?.ToString() ?? "";

    /// <summary>What a person signs under a duty. The domain names this program and the chain and no contract, as that of approvals.</summary>
    public TypedDocument Statement(Duty duty) => new(
        new TypedDomain { Name = "AGI Jobs Owner Control", Version = "1", ChainId = ChainId }, Type, Network, ChainId, Act, Subject(), Incident ?? "", Until ?? 0, Reason, Issued, duty.Name());

    /// <summary>Has a person sign it.</summary>
    /// <exception cref="ControlException"><c>act-nobody</c>, <c>act-duty</c> (exit 4), <c>signature-other-key</c> (exit 6).</exception>
    /// <exception cref="EthereumException">Those of the signer.</exception>
    public async Task<SignedAlertAct> SignAsync(ISigner signer, OperatorBook people, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(signer);
        ArgumentNullException.ThrowIfNull(people);
        var person = people.Of(signer.Address) ?? throw new ControlException("act-nobody", ExitCode.Refused, $"{signer.Address} is nobody's address in the operators' files.", "Have a person sign whom config/operators.json names.");
        var duty = Duties.Cast<Duty?>().FirstOrDefault(one => person.Duties.Contains(one!.Value))
            ?? throw new ControlException("act-duty", ExitCode.Refused, $"{person.Name} has the duties {person.Duties.Names(", ")}, and this takes {Duties.Names()}.", "Have a person with such a duty sign.");
        var statement = Statement(duty);
        var signature = (await signer.SignTypedDataAsync(statement, cancellation).ConfigureAwait(false)).ToBytes();
        return Secp256k1.Recover(statement.Digest, Signature.FromBytes(signature)) == signer.Address
            ? new SignedAlertAct { Act = this, Duty = duty, Signer = signer.Address, Signature = signature }
            : throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signer of {signer.Address} gave a signature that is not its own.", "Nothing was done. Check what the signer's reference points to.");
    }

    internal string? Problem() => Version != 1 ? $"it has version {Version}; this program reads version 1"
        : Act is not (Acknowledge or Close or Silence or Unsilence) ? $"there is no act '{Act}'"
        : Act is Silence ? Target is not null || Matcher?.IsNamed() is not true ? "it names no rule, module or fingerprint" : Until is null ? "it has no end" : Words()
        : string.IsNullOrEmpty(Target) || Matcher is not null || Until is not null || Incident is not null ? "its target is missing, or it says what only a silence says"
        : Words();

    private string? Words() => string.IsNullOrWhiteSpace(Reason) ? "it gives no reason" : Issued < 0 || Until <= Issued || Until > 253_402_300_799 ? "its times cannot be" : null;
}

/// <summary>An act with its signature.</summary>
public sealed record SignedAlertAct
{
    /// <summary>The act.</summary>
    public required AlertAct Act { get; init; }

    /// <summary>Under which duty it was signed.</summary>
    public required Duty Duty { get; init; }

    /// <summary>With which address.</summary>
    public required Address Signer { get; init; }

    /// <summary>The signature of <see cref="AlertAct.Statement"/>.</summary>
    public required byte[] Signature { get; init; }

    /// <summary>Whose act it is: the person who has the address and the duty today.</summary>
    /// <param name="network">The network that it must be for.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="people">Who is who.</param>
    /// <param name="why">Why it counts not; null when it counts.</param>
    public Operator? Author(string network, ChainId chain, OperatorBook? people, out string? why)
    {
        why = Act.Problem() is { } problem ? problem
            : !string.Equals(Act.Network, network, StringComparison.Ordinal) || Act.ChainId != chain ? $"it is for the network '{Act.Network}' on chain {Act.ChainId}"
            : !AlertAct.Duties.Contains(Duty) ? $"it was signed under the duty {Duty.Name()}"
            : people?.Of(Signer) is not { } known ? $"{Signer} is nobody's address in the operators' files"
            : !known.Duties.Contains(Duty) ? $"{known.Name} does not have the duty {Duty.Name()}"
            : Forged();
        return why is null ? people!.Of(Signer) : null;
    }

    private string? Forged()
    {
        try
        {
            return Secp256k1.Recover(Act.Statement(Duty).Digest, Ethereum.Keys.Signature.FromBytes(Signature)) == Signer ? null : $"it was not signed by {Signer}: it was altered, or the signature is of something else";
        }
        catch (EthereumException problem)
        {
            return $"its signature cannot be read: {problem.Message}";
        }
    }
}
