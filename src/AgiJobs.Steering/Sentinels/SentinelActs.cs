using AgiJobs.Control;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Runs;

namespace AgiJobs.Steering.Sentinels;

/// <summary>A signature that counts.</summary>
/// <param name="Person">Who.</param>
/// <param name="Duty">Under which duty.</param>
/// <param name="Signer">With which address.</param>
public sealed record ActConsent(Operator Person, Duty Duty, Address Signer);

/// <summary>An act with its signatures, each verified by recovery when it was read.</summary>
/// <param name="Act">The act.</param>
/// <param name="Consents">Who has signed, ordered by file.</param>
/// <param name="Discounted">Records that count not, each with the reason.</param>
public sealed record SignedAct(SentinelAct Act, IReadOnlyList<ActConsent> Consents, IReadOnlyList<string> Discounted)
{
    /// <summary>The people who fill what the act needs, one for each, all different; null while somebody is missing.</summary>
    public IReadOnlyList<ActConsent>? Filled() => Fill(Act.Needs(), []);

    /// <summary>The duties that nobody fills yet, with the signatures that there are.</summary>
    public IReadOnlyList<IReadOnlyList<Duty>> Missing()
    {
        if (Filled() is not null)
        {
            return [];
        }

        var needs = Act.Needs();
        List<IReadOnlyList<Duty>> bare = [.. needs.Where(need => !Consents.Any(consent => need.Contains(consent.Duty)))];
        return bare.Count > 0 ? bare : [needs[^1]];
    }

    /// <summary>Who signed, in words: <c>security moderator, operator pauser</c>.</summary>
    public string By() => string.Join(", ", (Filled() ?? Consents).Select(consent => $"{consent.Duty.Name()} {consent.Person.Name}"));

    private List<ActConsent>? Fill(IReadOnlyList<IReadOnlyList<Duty>> needs, List<ActConsent> taken)
    {
        if (taken.Count == needs.Count)
        {
            return taken;
        }

        return Consents.Where(consent => needs[taken.Count].Contains(consent.Duty) && !taken.Exists(one => ReferenceEquals(one.Person, consent.Person)))
            .Select(consent => Fill(needs, [.. taken, consent])).FirstOrDefault(filled => filled is not null);
    }
}

/// <summary>
/// The acts of a network, <c>storage/sentinel/NETWORK/ID/</c>: <c>act.json</c>, and a file for each signature. People sign on machines of their own; the files go between them as the rest of the workspace does.
/// </summary>
/// <param name="workspace">The workspace.</param>
/// <param name="network">The network's name.</param>
/// <param name="chain">Its chain.</param>
/// <param name="people">The network's people.</param>
/// <param name="longest">For how long a rule may be overridden at most, from the moment of each signature and of its taking effect.</param>
/// <param name="time">The clock.</param>
public sealed class SentinelActs(Workspace workspace, string network, ChainId chain, OperatorBook people, TimeSpan longest, TimeProvider time)
{
    /// <summary>How long an act may wait for its signatures.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromHours(24);

    private const string ActFile = "act.json";

    /// <summary>The acts on file, by identity.</summary>
    public IReadOnlyList<string> Ids => Directory.Exists(Folder) ? [.. Directory.EnumerateDirectories(Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)] : [];

    private string Folder => workspace.Locate("storage", "sentinel", network);

    /// <summary>Files an act, without a signature yet.</summary>
    /// <exception cref="ControlException"><c>act-format</c>, <c>override-too-long</c> (exit 4), <c>file-write</c>.</exception>
    public void File(SentinelAct act)
    {
        ArgumentNullException.ThrowIfNull(act);
        if (act.Problem() is { } problem)
        {
            throw new ControlException("act-format", ExitCode.BadInput, $"This act cannot be: {problem}.", "Correct the command.");
        }

        CheckTime(act);
        AtomicFile.Write(Path.Combine(Folder, act.Id(), ActFile), act.Encode());
    }

    /// <summary>Reads an act and verifies its signatures.</summary>
    /// <exception cref="ControlException"><c>act-unknown</c>; <c>act-altered</c> (exit 6) when it is not what was signed, cannot be read, or is for another network.</exception>
    public SignedAct Read(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        var folder = Path.Combine(Folder, id);
        if (id.Length != 16 || !id.All(char.IsAsciiHexDigitLower) || !System.IO.File.Exists(Path.Combine(folder, ActFile)))
        {
            throw new ControlException("act-unknown", ExitCode.BadInput, $"There is no act '{id}' on file for the network '{network}'.", Ids.Count == 0 ? "None is on file: bring storage/sentinel over from the machine where it was begun." : $"On file are {string.Join(", ", Ids)}.");
        }

        SentinelAct act;
        try
        {
            act = JsonFile.Read(Path.Combine(folder, ActFile), SentinelJson.Default.SentinelAct);
        }
        catch (ControlException problem)
        {
            throw Altered(id, problem.Message);
        }

        if (act.Problem() is { } wrong)
        {
            throw Altered(id, wrong);
        }

        if (!string.Equals(act.Id(), id, StringComparison.Ordinal))
        {
            throw Altered(id, $"its content is that of {act.Id()}");
        }

        if (!string.Equals(act.Network, network, StringComparison.Ordinal) || act.ChainId != chain)
        {
            throw Altered(id, $"it is for the network '{act.Network}' on chain {act.ChainId}");
        }

        var (consents, discounted) = (new List<ActConsent>(), new List<string>());
        foreach (var path in Directory.EnumerateFiles(folder, "*.json").Where(path => !string.Equals(Path.GetFileName(path), ActFile, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (Take(path, act, consents) is { } why)
            {
                discounted.Add($"{Path.GetFileName(path)}: {why}");
            }
        }

        return new SignedAct(act, consents, discounted);
    }

    /// <summary>Has a person sign an act, under the duty of theirs that it still needs.</summary>
    /// <exception cref="ControlException">
    /// <c>act-expired</c>, <c>act-over</c> when the override's end has come, <c>override-too-long</c> when it is further away than may be, <c>act-nobody</c> when the address is nobody's, <c>act-twice</c> when this person has signed it, <c>act-duty</c> when none of their duties is needed: all
    /// exit 4, nothing is signed. <c>signature-other-key</c> (exit 6).
    /// </exception>
    /// <exception cref="EthereumException">Those of the signer.</exception>
    public async Task<SignedAct> SignAsync(string id, ISigner signer, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var signed = Read(id);
        CheckTime(signed.Act);
        var person = people.Of(signer.Address) ?? throw new ControlException("act-nobody", ExitCode.Refused, $"{signer.Address} is nobody's address in the operators' files.", "Have a person sign whom config/operators.json names.");
        if (signed.Consents.FirstOrDefault(consent => ReferenceEquals(consent.Person, person)) is { } before)
        {
            throw new ControlException("act-twice", ExitCode.Refused, $"{person.Name} has signed it, under the duty {before.Duty.Name()}. {(signed.Act.Needs().Count > 1 ? "It takes two different people." : "")}".TrimEnd(), signed.Missing() is [var next, ..] ? $"Have somebody else with the duty {next.Names()} sign: agijobs sentinel sign {id} --signer NAME" : "Nobody else has to sign.");
        }

        // Under the duty that is still missing; one that is filled would count for nothing.
        var open = signed.Act.Needs().Where(need => !signed.Consents.Any(consent => need.Contains(consent.Duty))).ToList();
        var duty = open.SelectMany(need => need).Cast<Duty?>().FirstOrDefault(needed => person.Duties.Contains(needed!.Value))
            ?? throw new ControlException("act-duty", ExitCode.Refused, $"{person.Name} has the duties {person.Duties.Names(", ")}, and what is missing is {string.Join(", and ", open.Select(need => need.Names()))}.", "Have a person with such a duty sign.");
        var statement = signed.Act.Statement(duty);
        var signature = (await signer.SignTypedDataAsync(statement, cancellation).ConfigureAwait(false)).ToBytes();
        if (Secp256k1.Recover(statement.Digest, Signature.FromBytes(signature)) != signer.Address)
        {
            throw new ControlException("signature-other-key", ExitCode.Mismatch, $"The signer of {signer.Address} gave a signature that is not its own.", "Nothing was filed. Check what the signer's reference points to.");
        }

        var record = new SentinelSignature { Version = 1, Act = signed.Act.Digest(), Duty = duty, Signer = signer.Address, Signature = signature };
        AtomicFile.Write(Path.Combine(Folder, id, $"{duty.Name()}-{signer.Address}.json"), JsonFile.Encode(record, SentinelJson.Default.SentinelSignature));
        return Read(id);
    }

    /// <summary>Brings an act into its run, once: whoever comes second, from whichever machine, is told so.</summary>
    /// <param name="signed">The act, with everybody's signature.</param>
    /// <param name="runs">Where runs are.</param>
    /// <param name="settings">Today's settings with a reason, for <see cref="SentinelAct.Apply"/>, checked to be the signed ones.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The run's version with the act; null when it was in the run already.</returns>
    /// <exception cref="ControlException"><c>act-unsigned</c>, <c>act-expired</c>, <c>act-over</c>, <c>override-too-long</c> (exit 4).</exception>
    /// <exception cref="HgmException">The event cannot follow: those of <see cref="RunState.Apply"/>. Nothing was appended.</exception>
    public async Task<long?> CarryOutAsync(SignedAct signed, IRunStore runs, Func<string, SentinelSet> settings, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(signed);
        ArgumentNullException.ThrowIfNull(runs);
        var act = signed.Act;
        if (signed.Filled() is null)
        {
            throw new ControlException("act-unsigned", ExitCode.Refused, $"The act {act.Id()} lacks the signature of {string.Join(" and of ", signed.Missing().Select(need => need.Names()))}.", $"Have them sign: agijobs sentinel sign {act.Id()} --signer NAME");
        }

        var happened = act.Event(signed.By(), settings);
        var state = new RunState();
        var mark = SentinelAct.Mark(act.Id()) + " ";
        while (true)
        {
            foreach (var earlier in await runs.ReadAsync(act.Run, state.Version, cancellation).ConfigureAwait(false))
            {
                if (Reason(earlier)?.StartsWith(mark, StringComparison.Ordinal) is true)
                {
                    return null;
                }

                state.Apply(earlier);
            }

            CheckTime(act);
            var version = state.Version;
            state.Apply(happened);
            if (await runs.AppendAsync(act.Run, version, [happened], cancellation).ConfigureAwait(false))
            {
                return state.Version;
            }

            state = new RunState();
        }
    }

    private static string? Reason(RunEvent happened) => happened switch
    {
        SentinelAcknowledged seen => seen.Reason,
        SentinelOverridden overridden => overridden.Reason,
        SentinelOverrideEnded ended => ended.Reason,
        BudgetToppedUp raised => raised.Reason,
        SentinelSet set => set.Reason,
        _ => null,
    };

    private void CheckTime(SentinelAct act)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        if (now >= act.Expires)
        {
            throw new ControlException("act-expired", ExitCode.Refused, $"The act {act.Id()} waited for its signatures until {DateTimeOffset.FromUnixTimeSeconds(act.Expires):yyyy-MM-dd HH:mm:ss} UTC.", "Begin it anew.");
        }

        if (act.Until <= now)
        {
            throw new ControlException("act-over", ExitCode.Refused, $"The override would have ended at {act.UntilTime:yyyy-MM-dd HH:mm:ss} UTC.", "Begin it anew with a later end.");
        }

        // Also of an act that was written elsewhere: the bound holds wherever it is signed and brought into effect.
        if (act.Until - now > longest.TotalSeconds)
        {
            throw new ControlException("override-too-long", ExitCode.Refused, FormattableString.Invariant($"The override would hold for {(act.Until - now) / 3600.0:0.#} hours, which are more than the {longest.TotalHours:0.#} that sentinel.maxOverrideHours allows."), "Give an earlier end; it can be overridden again when it is over.");
        }
    }

    private string? Take(string path, SentinelAct act, List<ActConsent> consents)
    {
        SentinelSignature record;
        try
        {
            record = JsonFile.Read(path, SentinelJson.Default.SentinelSignature);
        }
        catch (ControlException problem)
        {
            return $"it cannot be read: {problem.Message}";
        }

        if (record.Version != 1 || record.Act != act.Digest())
        {
            return record.Version != 1 ? $"it has version {record.Version}; this program reads version 1" : $"it signs {record.Act}, not this act";
        }

        try
        {
            if (Secp256k1.Recover(act.Statement(record.Duty).Digest, Signature.FromBytes(record.Signature)) != record.Signer)
            {
                return $"it was not made by {record.Signer}: it was altered, or is over something else";
            }
        }
        catch (EthereumException problem)
        {
            return $"its signature cannot be read: {problem.Message}";
        }

        if (people.Of(record.Signer) is not { } person)
        {
            return $"{record.Signer} is nobody's address in the operators' files";
        }

        if (!person.Duties.Contains(record.Duty))
        {
            return $"{person.Name} does not have the duty {record.Duty.Name()}";
        }

        consents.Add(new ActConsent(person, record.Duty, record.Signer));
        return null;
    }

    private static ControlException Altered(string id, string why) => new("act-altered", ExitCode.Mismatch, $"The act {id} is not what was written: {why}.", "Nothing was done. Restore storage/sentinel from git, or begin the act anew.");
}
