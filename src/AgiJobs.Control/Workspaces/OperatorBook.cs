using AgiJobs.Ethereum;

namespace AgiJobs.Control.Workspaces;

/// <summary>Who is who among the people of a network. A name and an address belong to one person.</summary>
public sealed class OperatorBook
{
    private readonly Dictionary<Address, Operator> _byAddress = [];

    /// <summary>Takes the people.</summary>
    /// <exception cref="ControlException"><c>operator-twice</c> when a name or an address stands twice, <c>operator-empty</c> when one has no name or no address.</exception>
    public OperatorBook(OperatorsFile file)
    {
        People = file.People;
        if (People.GroupBy(person => person.Name.Trim(), StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } named)
        {
            throw new ControlException("operator-twice", ExitCode.BadInput, $"The operators' files name '{named.Key}' twice.", "Give one person one entry with all their addresses, and two people two names.");
        }

        foreach (var person in People)
        {
            if (string.IsNullOrWhiteSpace(person.Name) || person.Addresses.Count == 0)
            {
                throw new ControlException("operator-empty", ExitCode.BadInput, $"The operators' files have a person '{person.Name}' without {(person.Addresses.Count == 0 ? "an address" : "a name")}.", "Complete or remove the entry.");
            }

            foreach (var address in person.Addresses)
            {
                if (!_byAddress.TryAdd(address, person))
                {
                    throw new ControlException("operator-twice", ExitCode.BadInput, $"The operators' files give {address} to '{_byAddress[address].Name}' and to '{person.Name}'.", "An address belongs to one person, once: who signs with it must not be in doubt.");
                }
            }
        }
    }

    /// <summary>Everybody, in the order of the files.</summary>
    public IReadOnlyList<Operator> People { get; }

    /// <summary>The person who has an address; null when nobody does.</summary>
    public Operator? Of(Address address) => _byAddress.GetValueOrDefault(address);

    /// <summary>The people with a duty.</summary>
    public IReadOnlyList<Operator> With(Duty duty) => [.. People.Where(person => person.Duties.Contains(duty))];
}
