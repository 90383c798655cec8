using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Keys;
using AgiJobs.Response.Incidents;

namespace AgiJobs.Response.Tests.Incidents;

/// <summary>Five people with keys of their own, who act in one incident.</summary>
internal sealed class Team
{
    public const string Id = "2026-03-01-reward-drain";

    private readonly Dictionary<string, LocalSigner> _keys = new(StringComparer.Ordinal);

    public Team()
    {
        var people = new (string Name, Duty[] Duties)[]
        {
            ("ada", [Duty.Commander, Duty.Operator]),
            ("bob", [Duty.Operator]),
            ("cy", [Duty.Security]),
            ("dee", [Duty.Communications]),
            ("eve", [Duty.Approver, Duty.Commander]),
        };
        foreach (var (index, (name, _)) in people.Index())
        {
            var key = new byte[32];
            key[31] = (byte)(index + 1);
            _keys[name] = new LocalSigner(key);
        }

        Signing = new IncidentSigning(new OperatorBook(new OperatorsFile { Version = 1, People = [.. people.Select(person => new Operator { Name = person.Name, Addresses = [_keys[person.Name].Address], Duties = person.Duties })] }));
    }

    public IncidentSigning Signing { get; }

    public static DateTimeOffset Start { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public Address Of(string name) => _keys[name].Address;

    public ISigner KeyOf(string name) => _keys[name];

    public static IncidentAct Act(string kind, DateTimeOffset at) => new() { Version = 1, Network = "local", ChainId = ChainId.Local, Incident = Id, Kind = kind, At = at.ToUnixTimeMilliseconds() };

    public static IncidentAct Open(DateTimeOffset at, string severity = "SEV-1", string? category = null) => Act(IncidentActs.Open, at) with { Title = "rewards drain", Severity = severity, Reason = "the pool shrinks", Category = category };

    public IncidentAct Assign(DateTimeOffset at, IncidentRole role, string name) => Act(IncidentActs.Assign, at) with { Role = role, Person = name, Addresses = [Of(name)] };

    public static IncidentAct Mark(DateTimeOffset at, string step) => Act(IncidentActs.Mark, at) with { Step = step, Text = "done so" };

    /// <summary>An act with a good signature of a key that is nobody's, under the name and the duty of somebody else.</summary>
    public static SignedIncidentAct Forge(IncidentAct act, string by, Duty duty)
    {
        var key = new byte[32];
        key[0] = 7;
        var signer = new LocalSigner(key);
        var said = act with { By = by };
        return new SignedIncidentAct { Version = 1, Act = said, Duty = duty, Signer = signer.Address, Signature = Secp256k1.Sign(said.Statement(duty).Digest, key).ToBytes() };
    }

    /// <summary>An act that a person signed as they pleased, past the rules of signing.</summary>
    public async Task<SignedIncidentAct> SignAsAsync(string name, IncidentAct act, string by, Duty duty)
    {
        var said = act with { By = by };
        return new SignedIncidentAct { Version = 1, Act = said, Duty = duty, Signer = Of(name), Signature = (await KeyOf(name).SignTypedDataAsync(said.Statement(duty), TestContext.Current.CancellationToken)).ToBytes() };
    }

    /// <summary>Signs, and takes it into the state.</summary>
    public async Task<SignedIncidentAct> DoAsync(IncidentState state, string name, IncidentAct act)
    {
        var signed = await Signing.SignAsync(act, state.Version == 0 ? null : state, KeyOf(name), null, TestContext.Current.CancellationToken);
        state.Apply(new RecordedAct(state.Version + 1, act.Time, signed));
        return signed;
    }
}
