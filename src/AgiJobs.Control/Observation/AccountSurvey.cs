using System.Numerics;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Calls;
using AgiJobs.Ethereum.Hashing;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Observation;

/// <summary>
/// Finds out what stands at addresses, and behind them: a key, a Safe and its owners, a timelock and those who may act through it. Each address is read once, so that Safes that own each other
/// end it as any other do.
/// </summary>
internal sealed class AccountSurvey
{
    private const int MaxRounds = 8;

    // An integer beyond this is no number of canonical JSON, and no delay that anybody waits for.
    private static readonly BigInteger MaxDelay = (BigInteger.One << 53) - 1;

    private static readonly AbiFunction SafeVersion = SafeAbi.Safe.Function("VERSION");
    private static readonly AbiFunction SafeOwners = SafeAbi.Safe.Function("getOwners");
    private static readonly AbiFunction SafeThreshold = SafeAbi.Safe.Function("getThreshold");
    private static readonly AbiFunction SafeNonce = SafeAbi.Safe.Function("nonce");
    private static readonly AbiFunction MinDelay = AbiFunction.Parse("function getMinDelay() view returns (uint256)");
    private static readonly AbiFunction OwnerOf = AbiFunction.Parse("function owner() view returns (address)");
    private static readonly AbiFunction ProposerRole = AbiFunction.Parse("function PROPOSER_ROLE() view returns (bytes32)");
    private static readonly AbiFunction ExecutorRole = AbiFunction.Parse("function EXECUTOR_ROLE() view returns (bytes32)");
    private static readonly AbiFunction HasRole = AbiFunction.Parse("function hasRole(bytes32 role, address account) view returns (bool)");
    private static readonly Bytes32 Proposer = Keccak256.Hash("PROPOSER_ROLE");
    private static readonly Bytes32 Executor = Keccak256.Hash("EXECUTOR_ROLE");

    private static readonly AbiFunction SafeModules = SafeAbi.Safe.Function("getModulesPaginated");

    private static readonly Address Sentinel = Address.Parse("0x0000000000000000000000000000000000000001");
    private const int ModulePage = 50;

    private readonly Protocol _protocol;
    private readonly bool _whole;
    private readonly HashSet<Address> _extended = [];
    private readonly List<Address> _hints;
    private readonly Dictionary<Address, Reading<AccountState>> _accounts = [];
    private readonly Dictionary<Address, BigInteger> _timelocks = [];

    // Owners of Safes are mostly keys, so that at first only their code is read; those that have some are read whole in the next round.
    private readonly HashSet<Address> _withCode = [];
    private List<AskedAccount> _asked = [];

    /// <param name="protocol">The protocol, whose own contracts are not asked about.</param>
    /// <param name="hints">Addresses that are asked about at once.</param>
    /// <param name="whole">True reads of each Safe also what rules it besides its owners.</param>
    public AccountSurvey(Protocol protocol, IReadOnlyList<Address> hints, bool whole)
    {
        _protocol = protocol;
        _whole = whole;
        _hints = [.. hints.Where(address => !address.IsZero && protocol.At(address) is null).Distinct().Order()];
    }

    public IReadOnlyDictionary<Address, Reading<AccountState>> Accounts => _accounts;

    /// <summary>Asks about the hints together with other reads.</summary>
    public void AddTo(PinnedReads reads) => _asked = _hints.ConvertAll(address => AskedAccount.Of(address, reads, _whole));

    /// <summary>Takes the answers and goes on from the holders of roles until nothing new turns up.</summary>
    public async Task FollowAsync(IEnumerable<Address> holders, PinnedBlock block, CancellationToken cancellation)
    {
        Take();
        var wanted = holders.Where(address => !address.IsZero).Distinct().Order().ToList();
        for (var round = 0; ; round++)
        {
            var whole = wanted.Concat(_withCode).Where(address => IsOpen(address) && !_timelocks.ContainsKey(address)).Distinct().Order().ToList();
            var owners = Owners().Where(address => IsOpen(address) && !whole.Contains(address) && !_timelocks.ContainsKey(address) && !_withCode.Contains(address)).Distinct().Order().ToList();
            var timelocks = _timelocks.Keys.Where(IsOpen).Order().ToList();
            var safes = _whole ? _accounts.Where(entry => entry.Value.TryGet(out var known) && known is SafeAccountState && !_extended.Contains(entry.Key)).Select(entry => entry.Key).Order().ToList() : [];
            if (whole.Count + owners.Count + timelocks.Count + safes.Count == 0)
            {
                return;
            }

            if (round == MaxRounds)
            {
                foreach (var address in whole.Concat(owners).Concat(timelocks))
                {
                    _accounts[address] = Reading.Unknown<AccountState>($"it stands behind more than {MaxRounds} Safes, one owning the other");
                }

                return;
            }

            var reads = block.NewReads();
            _asked = whole.ConvertAll(address => AskedAccount.Of(address, reads, _whole));
            var codes = owners.ConvertAll(address => (Address: address, Code: reads.Code(address)));
            var people = _hints.Concat(wanted).Concat(_accounts.Keys).Concat(Owners()).Concat(_protocol.Modules.Where(module => module.Forwards.Count > 0).Select(module => module.Address)).Distinct().Order().ToList();
            var controllers = timelocks.ConvertAll(address => AskedTimelock.Of(address, people, reads));
            var extensions = safes.ConvertAll(address => (Address: address, Read: AskedExtensions.Of(address, reads)));
            await reads.SendAsync(cancellation).ConfigureAwait(false);
            Take();
            foreach (var (address, read) in extensions)
            {
                _extended.Add(address);
                _accounts[address] = Reading.Known<AccountState>((SafeAccountState)_accounts[address].Value with { Extensions = read.State() });
            }

            foreach (var (address, code) in codes)
            {
                TakeCode(address, code);
            }

            foreach (var controller in controllers)
            {
                _accounts[controller.Address] = StateOf(controller);
            }
        }
    }

    private bool IsOpen(Address address) => !_accounts.ContainsKey(address);

    // Besides owners what acts in a Safe's name without them, and who owns a contract that stands between.
    private IEnumerable<Address> Owners() => _accounts.Values.SelectMany(reading => !reading.TryGet(out var known) ? [] : known switch
    {
        SafeAccountState safe => [.. safe.Owners, .. safe.Extensions.TryGet(out var extensions) ? extensions.Modules : []],
        ContractState { Owner: { } owner } => [owner],
        _ => (IReadOnlyList<Address>)[],
    });

    private void Take()
    {
        foreach (var account in _asked)
        {
            if (StateOf(account) is { } state)
            {
                _accounts[account.Address] = state;
            }
        }

        _asked = [];
    }

    private void TakeCode(Address address, PinnedRead<byte[]> read)
    {
        if (!read.TryGet(out var code))
        {
            _accounts[address] = Reading.Unknown<AccountState>($"the code of {address}: {read.Error!.Message}");
        }
        else if (IsKey(code, out var delegated))
        {
            _accounts[address] = Key(code, delegated);
        }
        else
        {
            _withCode.Add(address);
        }
    }

    private static Reading<AccountState> Key(byte[] code, bool delegated) => Reading.Known<AccountState>(new KeyAccount(delegated) { Delegate = delegated && code.Length == 23 ? new Address(code.AsSpan(3)) : null });

    private static bool IsKey(byte[] code, out bool delegated)
    {
        // EIP-7702: an account with a key that runs another contract's code.
        delegated = code is [0xef, 0x01, 0x00, ..];
        return code.Length == 0 || delegated;
    }

    // Null when it is a timelock, about which there is more to ask.
    private Reading<AccountState>? StateOf(AskedAccount account)
    {
        if (!account.Code.TryGet(out var code))
        {
            return Reading.Unknown<AccountState>($"the code of {account.Address}: {account.Code.Error!.Message}");
        }

        if (IsKey(code, out var delegated))
        {
            return Key(code, delegated);
        }

        if (account.Version.TryGet(out var version) && account.Owners.TryGet(out var owners) && account.Threshold.TryGet(out var threshold) && account.Nonce.TryGet(out var nonce)
            && threshold >= 1 && threshold <= owners.Count)
        {
            return Reading.Known<AccountState>(new SafeAccountState(version, owners, (int)threshold, nonce));
        }

        if (account.MinDelay.TryGet(out var delay))
        {
            _timelocks[account.Address] = delay;
            return null;
        }

        // A node that failed to answer says nothing about what stands there; only an answer of the contract does.
        return ((PinnedRead[])[account.Version, account.Owners, account.Threshold, account.Nonce, account.MinDelay, .. account.Owner is { } asked ? new PinnedRead[] { asked } : []]).FirstOrDefault(read => read.Status == ReadStatus.Unknown) is { } failed
            ? Reading.Unknown<AccountState>($"what stands at {account.Address}: {failed.Error!.Message}")
            : Reading.Known<AccountState>(new ContractState { Owner = account.Owner is { } owner && owner.TryGet(out var found) && !found.IsZero && _protocol.At(account.Address) is null ? found : null });
    }

    private Reading<AccountState> StateOf(AskedTimelock asked)
    {
        if (((PinnedRead[])[asked.ProposerRole, asked.ExecutorRole, asked.Open, .. asked.People.SelectMany(person => (PinnedRead[])[person.Proposes, person.Executes])]).FirstOrDefault(read => read.Status == ReadStatus.Unknown) is { } failed)
        {
            return Reading.Unknown<AccountState>($"who may act through {asked.Address}: {failed.Error!.Message}");
        }

        // Something else may have a minimum delay as well.
        if (!asked.ProposerRole.TryGet(out var proposer) || proposer != Proposer || !asked.ExecutorRole.TryGet(out var executor) || executor != Executor || !asked.Open.TryGet(out var open))
        {
            return Reading.Known<AccountState>(new ContractState());
        }

        var delay = _timelocks[asked.Address];
        return delay > MaxDelay
            ? Reading.Unknown<AccountState>($"the timelock {asked.Address} has a delay of {delay} seconds")
            : Reading.Known<AccountState>(new TimelockState(
                (ulong)delay,
                [.. asked.People.Where(person => person.Proposes.TryGet(out var does) && does).Select(person => person.Address)],
                [.. asked.People.Where(person => person.Executes.TryGet(out var does) && does).Select(person => person.Address)],
                open));
    }

    private sealed record AskedAccount(
        Address Address, PinnedRead<byte[]> Code, PinnedRead<string> Version, PinnedRead<IReadOnlyList<Address>> Owners, PinnedRead<BigInteger> Threshold, PinnedRead<BigInteger> Nonce, PinnedRead<BigInteger> MinDelay, PinnedRead<Address>? Owner)
    {
        public static AskedAccount Of(Address address, PinnedReads reads, bool whole) => new(
            address,
            reads.Code(address),
            reads.Call(Probe(address, SafeVersion), values => values[0].AsText()),
            reads.Call(Probe(address, SafeOwners), ProtocolObserver.Members),
            reads.Call(Probe(address, SafeThreshold), values => values[0].AsInteger()),
            reads.Call(Probe(address, SafeNonce), values => values[0].AsInteger()),
            reads.Call(Probe(address, AccountSurvey.MinDelay), values => values[0].AsInteger()),
            whole ? reads.Call(Probe(address, OwnerOf), values => values[0].AsAddress()) : null);

        private static ContractCall Probe(Address address, AbiFunction function) => new(address, function) { IsProbe = true };
    }

    private sealed record AskedExtensions(PinnedRead<Bytes32> Guard, PinnedRead<Bytes32> ModuleGuard, PinnedRead<Bytes32> Handler, PinnedRead<Bytes32> Singleton, PinnedRead<(IReadOnlyList<Address> Modules, Address Next)> Modules)
    {
        public static AskedExtensions Of(Address safe, PinnedReads reads) => new(
            reads.Storage(safe, SafeSlots.Guard),
            reads.Storage(safe, SafeSlots.ModuleGuard),
            reads.Storage(safe, SafeSlots.FallbackHandler),
            reads.Storage(safe, SafeSlots.Singleton),
            reads.Call(new ContractCall(safe, SafeModules, Sentinel, ModulePage) { IsProbe = true }, values => ((IReadOnlyList<Address>)[.. values[0].AsList().Select(module => module.AsAddress())], values[1].AsAddress())));

        public Reading<SafeExtensions> State() =>
            ((PinnedRead[])[Guard, ModuleGuard, Handler, Singleton, Modules]).FirstOrDefault(read => read.Status != ReadStatus.Known) is { } failed ? Reading.Unknown<SafeExtensions>($"{failed.Subject}: {failed.Error!.Message}")
            : Modules.Value is { Next: var next } && next != Sentinel && !next.IsZero ? Reading.Unknown<SafeExtensions>($"it has more than {ModulePage} modules")
            : Reading.Known(new SafeExtensions(Modules.Value.Modules, ProtocolObserver.AddressIn(Guard.Value), ProtocolObserver.AddressIn(ModuleGuard.Value), ProtocolObserver.AddressIn(Handler.Value), ProtocolObserver.AddressIn(Singleton.Value)));
    }

    private sealed record AskedTimelock(
        Address Address, PinnedRead<Bytes32> ProposerRole, PinnedRead<Bytes32> ExecutorRole, PinnedRead<bool> Open, IReadOnlyList<(Address Address, PinnedRead<bool> Proposes, PinnedRead<bool> Executes)> People)
    {
        public static AskedTimelock Of(Address address, IReadOnlyList<Address> people, PinnedReads reads) => new(
            address,
            reads.Call(new ContractCall(address, AccountSurvey.ProposerRole) { IsProbe = true }, values => values[0].AsBytes32()),
            reads.Call(new ContractCall(address, AccountSurvey.ExecutorRole) { IsProbe = true }, values => values[0].AsBytes32()),
            Holds(address, Executor, Address.Zero, reads),
            [.. people.Select(person => (person, Holds(address, Proposer, person, reads), Holds(address, Executor, person, reads)))]);

        private static PinnedRead<bool> Holds(Address timelock, Bytes32 role, Address person, PinnedReads reads) =>
            reads.Call(new ContractCall(timelock, HasRole, role, person), values => values[0].AsBoolean());
    }
}
