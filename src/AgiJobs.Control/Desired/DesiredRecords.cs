using System.Globalization;
using System.Numerics;
using System.Text.Json;
using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Desired;

/// <summary>What a file wants on record in a contract.</summary>
/// <param name="File">How it is recorded.</param>
/// <param name="Records">The records in ascending order of their first member, no two of which have the same.</param>
/// <param name="Source">The file and the key that say so.</param>
public sealed record DesiredRecords(RecordsFile File, IReadOnlyList<IReadOnlyList<BigInteger>> Records, string Source)
{
    /// <summary>Reads the list of a file; a record that stands twice is dropped with a note.</summary>
    internal static DesiredRecords Read(Module module, RecordsFile form, JsonElement list, string place, string source, List<string> notes)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new ControlException("record-format", ExitCode.BadInput, $"{place} is no list.", $"Write objects of {string.Join(", ", form.Members)} in brackets.");
        }

        var function = module.Abi.Function(form.Function);
        var records = new List<IReadOnlyList<BigInteger>>();
        foreach (var item in list.EnumerateArray())
        {
            var record = Record(form, item, place);
            try
            {
                _ = function.Encode([.. record.Select(number => (AbiValue)number)]);
            }
            catch (EthereumException problem)
            {
                throw new ControlException("record-format", ExitCode.BadInput, $"{place}: {item.GetRawText()} does not fit {form.Function}: {problem.Message}", "Correct the record.", problem);
            }

            if (records.Find(other => other[0] == record[0]) is not { } same)
            {
                records.Add(record);
            }
            else if (same.SequenceEqual(record))
            {
                notes.Add($"{source}: the record of {form.Members[0]} {record[0].ToString(CultureInfo.InvariantCulture)} stands twice and is recorded once");
            }
            else
            {
                throw new ControlException("record-conflict", ExitCode.BadInput, $"{place}: two records are of {form.Members[0]} {record[0].ToString(CultureInfo.InvariantCulture)} and differ.", "Leave the right one.");
            }
        }

        return new DesiredRecords(form, [.. records.OrderBy(record => record[0])], source);
    }

    private static List<BigInteger> Record(RecordsFile form, JsonElement item, string place)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal).SequenceEqual(form.Members.Order(StringComparer.Ordinal)))
        {
            throw new ControlException("record-format", ExitCode.BadInput, $"{place}: {item.GetRawText()} is no object of {string.Join(", ", form.Members)} and nothing else.", "Correct the record.");
        }

        var numbers = new List<BigInteger>();
        foreach (var member in form.Members)
        {
            var value = item.GetProperty(member);
            var text = value.ValueKind switch { JsonValueKind.Number => value.GetRawText(), JsonValueKind.String => value.GetString()!, _ => "" };
            if (!BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                throw new ControlException("record-format", ExitCode.BadInput, $"{place}: {member} = {value.GetRawText()} is no whole number.", "Correct the record.");
            }

            numbers.Add(number.Sign >= 0 ? number : throw new ControlException("record-negative", ExitCode.BadInput, $"{place}: {member} = {text} is negative.", "Correct the record."));
        }

        return numbers;
    }
}
