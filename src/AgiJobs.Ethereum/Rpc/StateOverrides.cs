using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>What one account is taken to be instead of what it is, in a simulated call. Absent members stay as they are.</summary>
public sealed class AccountOverride
{
    private readonly SortedDictionary<Bytes32, Bytes32> _storage = [];

    /// <summary>The balance.</summary>
    public Wei? Balance { get; set; }

    /// <summary>The nonce.</summary>
    public ulong? Nonce { get; set; }

    /// <summary>The code.</summary>
    public byte[]? Code { get; set; }

    /// <summary>Storage words that are replaced; all others stay.</summary>
    public IReadOnlyDictionary<Bytes32, Bytes32> Storage => _storage;

    /// <summary>Replaces one storage word.</summary>
    public void Set(Bytes32 slot, Bytes32 word) => _storage[slot] = word;

    internal AccountOverride Copy()
    {
        var copy = new AccountOverride { Balance = Balance, Nonce = Nonce, Code = Code };
        foreach (var (slot, word) in _storage)
        {
            copy._storage.Add(slot, word);
        }

        return copy;
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (Balance is { } balance)
        {
            writer.WriteString("balance", Hex.EncodeQuantity(balance.Value));
        }

        if (Nonce is { } nonce)
        {
            writer.WriteString("nonce", Hex.EncodeQuantity(nonce));
        }

        if (Code is { } code)
        {
            writer.WriteString("code", Hex.Encode(code));
        }

        if (_storage.Count > 0)
        {
            writer.WriteStartObject("stateDiff");
            foreach (var (slot, word) in _storage)
            {
                writer.WriteString(slot.ToString(), word.ToString());
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }
}

/// <summary>
/// A state that differs from that of a block: the third parameter of <c>eth_call</c>, <c>stateOverrides</c> of <c>eth_simulateV1</c> and
/// <c>debug_traceCall</c>. Written in the order of addresses. Not safe for use by several threads.
/// Source: execution-apis, and geth's documentation of state overrides.
/// </summary>
public sealed class StateOverrides
{
    private readonly SortedDictionary<Address, AccountOverride> _accounts = [];

    /// <summary>True when nothing is replaced.</summary>
    public bool IsEmpty => _accounts.Count == 0;

    /// <summary>The accounts that are replaced in part.</summary>
    public IReadOnlyDictionary<Address, AccountOverride> Accounts => _accounts;

    /// <summary>What is replaced of an account, to add to.</summary>
    public AccountOverride this[Address account]
    {
        get
        {
            if (!_accounts.TryGetValue(account, out var found))
            {
                found = new AccountOverride();
                _accounts.Add(account, found);
            }

            return found;
        }
    }

    /// <summary>A copy that can be changed on its own.</summary>
    public StateOverrides Copy()
    {
        var copy = new StateOverrides();
        foreach (var (address, account) in _accounts)
        {
            copy._accounts.Add(address, account.Copy());
        }

        return copy;
    }

    /// <summary>Takes over what a traced call left behind, so that the next call is traced on top of it.</summary>
    public void Apply(StateDifference difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        foreach (var (address, change) in difference.Accounts)
        {
            var account = this[address];
            account.Balance = change.After.Balance ?? account.Balance;
            account.Nonce = change.After.Nonce ?? account.Nonce;
            account.Code = change.After.Code ?? account.Code;
            foreach (var (slot, (_, after)) in change.Storage)
            {
                account.Set(slot, after);
            }
        }
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (var (address, account) in _accounts)
        {
            writer.WritePropertyName(Hex.Encode(address.ToBytes()));
            account.Write(writer);
        }

        writer.WriteEndObject();
    }
}

/// <summary>The block that a simulated call believes to be in.</summary>
/// <param name="Number">Its height.</param>
/// <param name="Time">Its time.</param>
public sealed record BlockOverride(BlockNumber Number, DateTimeOffset Time)
{
    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("number", Hex.EncodeQuantity(Number.Value));
        writer.WriteString("time", Hex.EncodeQuantity(Time.ToUnixTimeSeconds()));
        writer.WriteEndObject();
    }
}
