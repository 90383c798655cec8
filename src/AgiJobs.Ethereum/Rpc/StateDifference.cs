using System.Text.Json;

namespace AgiJobs.Ethereum.Rpc;

/// <summary>An account's members before or after; null where the tracer does not tell, which after a call means unchanged.</summary>
/// <param name="Balance">The balance.</param>
/// <param name="Nonce">The nonce.</param>
/// <param name="Code">The code.</param>
public sealed record AccountMembers(Wei? Balance, ulong? Nonce, byte[]? Code);

/// <summary>What a call left different of one account.</summary>
/// <param name="Before">Its members before.</param>
/// <param name="After">Those of its members that are different afterwards.</param>
/// <param name="IsGone">True when the tracer does not list the account afterwards: it was destroyed, or only words of it were set to zero.</param>
/// <param name="IsNew">True when it did not exist before.</param>
/// <param name="Storage">Storage words that differ: before and after.</param>
public sealed record AccountDifference(AccountMembers Before, AccountMembers After, bool IsGone, bool IsNew, IReadOnlyDictionary<Bytes32, (Bytes32 Before, Bytes32 After)> Storage);

/// <summary>What a call leaves different, as the prestate tracer tells it in diff mode, by address.</summary>
/// <param name="Accounts">The accounts in the order of their addresses.</param>
public sealed record StateDifference(IReadOnlyDictionary<Address, AccountDifference> Accounts)
{
    internal static StateDifference Read(JsonElement result)
    {
        var before = Side(NodeJson.Field(result, "pre"), "pre");
        var after = Side(NodeJson.Field(result, "post"), "post");
        var accounts = new SortedDictionary<Address, AccountDifference>();
        var none = (Members: new AccountMembers(null, null, null), Storage: new Dictionary<Bytes32, Bytes32>());
        foreach (var address in before.Keys.Union(after.Keys))
        {
            var old = before.GetValueOrDefault(address, none);
            var now = after.GetValueOrDefault(address, none);
            var storage = new SortedDictionary<Bytes32, (Bytes32 Before, Bytes32 After)>();
            foreach (var slot in old.Storage.Keys.Union(now.Storage.Keys))
            {
                // A word that is zero is left out on either side.
                var pair = (Before: old.Storage.GetValueOrDefault(slot), After: now.Storage.GetValueOrDefault(slot));
                if (pair.Before != pair.After)
                {
                    storage.Add(slot, pair);
                }
            }

            accounts.Add(address, new AccountDifference(
                old.Members,
                new AccountMembers(
                    now.Members.Balance == old.Members.Balance ? null : now.Members.Balance,
                    now.Members.Nonce == old.Members.Nonce ? null : now.Members.Nonce,
                    now.Members.Code is { } code && !code.AsSpan().SequenceEqual(old.Members.Code ?? []) ? code : null),
                before.ContainsKey(address) && !after.ContainsKey(address),
                after.ContainsKey(address) && !before.ContainsKey(address),
                storage));
        }

        return new StateDifference(accounts);
    }

    private static Dictionary<Address, (AccountMembers Members, Dictionary<Bytes32, Bytes32> Storage)> Side(JsonElement side, string name)
    {
        NodeJson.Object(side, name);
        var accounts = new Dictionary<Address, (AccountMembers, Dictionary<Bytes32, Bytes32>)>();
        foreach (var entry in side.EnumerateObject())
        {
            var storage = new Dictionary<Bytes32, Bytes32>();
            if (NodeJson.Optional(entry.Value, "storage") is { } words)
            {
                NodeJson.Object(words, "storage");
                foreach (var word in words.EnumerateObject())
                {
                    storage.Add(Slot(word.Name), NodeJson.Word(word.Value, "a storage word"));
                }
            }

            accounts.Add(Account(entry.Name), (new AccountMembers(
                NodeJson.Optional(entry.Value, "balance") is { } balance ? NodeJson.Wei(balance, "balance") : null,
                NodeJson.Optional(entry.Value, "nonce") is { } nonce ? Nonce(nonce) : null,
                NodeJson.Optional(entry.Value, "code") is { } code ? NodeJson.Data(code, "code") : null), storage));
        }

        return accounts;
    }

    // The one member that geth writes as a JSON number.
    private static ulong Nonce(JsonElement nonce) =>
        nonce.ValueKind != JsonValueKind.Number ? NodeJson.Count(nonce, "nonce")
        : nonce.TryGetUInt64(out var count) ? count
        : throw NodeJson.Malformed("nonce is no whole number of at most 64 bits");

    private static Address Account(string name) => Hex.TryDecode(name, out var bytes) && bytes.Length == Address.Size ? new Address(bytes) : throw NodeJson.Malformed("a key of the state is no address");

    private static Bytes32 Slot(string name) => Hex.TryDecode(name, out var bytes) && bytes.Length == Bytes32.Size ? new Bytes32(bytes) : throw NodeJson.Malformed("a key of the storage is no 32-byte value");
}
