using AgiJobs.Control.Description;
using AgiJobs.Control.Simulation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Safes;

namespace AgiJobs.Control.Signing;

/// <summary>What is to be signed, in plain language, from what is signed and nothing else but the description of the protocol.</summary>
public static class SigningWords
{
    /// <summary>The lines for one item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="protocol">Names the contracts and their functions; null leaves addresses and selectors as they are.</param>
    /// <param name="nameOf">Names for other addresses.</param>
    public static IReadOnlyList<string> Of(SigningItem item, Protocol? protocol, Func<Address, string?> nameOf)
    {
        var lines = new List<string> { item.What };
        if (item is SigningItem.OfDuty duty)
        {
            lines.Add($"  It says that you, as {duty.Duty.Name()}, consent to the change {duty.Change} on chain {duty.Chain}. It moves nothing by itself, and it holds for this change only.");
        }
        else if (item is SigningItem.OfSafe { Hash: var hash })
        {
            var transaction = hash.Transaction;
            lines.Add($"  With enough owners' signatures anybody can make the Safe do this, once, on chain {hash.Domain.Chain}:");
            lines.AddRange(Calls(transaction).Select(call => $"  - {Call(call.To, call.Data, protocol, nameOf)} at {call.To}{(call.Value.Value.IsZero ? "" : $", with {call.Value}")}"));
            lines.AddRange(SafeTransactionReview.Of(hash).Select(finding => $"  FINDING {finding.Message}"));
            lines.Add($"  domain hash  {hash.DomainHash}");
            lines.Add($"  message hash {hash.MessageHash}");
        }

        lines.Add($"  digest       {item.Digest}");
        return lines;
    }

    private static IEnumerable<(Address To, byte[] Data, Wei Value)> Calls(SafeTransaction transaction)
    {
        if (transaction.Operation == SafeOperation.DelegateCall && SafeContracts.Find(transaction.To) is { Role: SafeContractRole.MultiSendCallOnly })
        {
            try
            {
                return [.. MultiSend.DecodeCall(transaction.Data.Span).Select(call => (call.To, call.Data.ToArray(), call.Value))];
            }
            catch (EthereumException)
            {
                // The review says that it cannot be read.
            }
        }

        return [(transaction.To, transaction.Data.ToArray(), transaction.Value)];
    }

    private static string Call(Address to, byte[] data, Protocol? protocol, Func<Address, string?> nameOf) =>
        protocol is not null ? new ContractBook(protocol, new Dictionary<Address, Carrier>(), nameOf).Call(to, data)
        : data.Length >= 4 ? $"{nameOf(to) ?? "a contract unknown here"}: function {Hex.Encode(data.AsSpan(0, 4))} with {data.Length - 4} bytes of arguments"
        : $"{nameOf(to) ?? "an account unknown here"} without a function";
}
