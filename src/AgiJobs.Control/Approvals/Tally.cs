using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Approvals;

/// <summary>One requirement and who meets it.</summary>
/// <param name="Requirement">What is required.</param>
/// <param name="By">Whose consent counts for it, and under which duty.</param>
public sealed record TalliedRequirement(Requirement Requirement, IReadOnlyList<Consent> By)
{
    /// <summary>How many people are missing.</summary>
    public int Missing => Requirement.Count - By.Count;
}

/// <summary>
/// Consents held against requirements. A person counts once, whatever number of duties, names and addresses they signed with; one who signs as author or sends approves nothing where
/// these differ. Among the ways to count, one that meets most is taken.
/// </summary>
/// <param name="Requirements">Each requirement, in order.</param>
/// <param name="Unused">Consents that count for nothing, each with the reason.</param>
public sealed record Tally(IReadOnlyList<TalliedRequirement> Requirements, IReadOnlyList<string> Unused)
{
    /// <summary>True when nothing is missing.</summary>
    public bool IsComplete => Missing.Count == 0;

    /// <summary>The requirements that are not met.</summary>
    public IReadOnlyList<TalliedRequirement> Missing => [.. Requirements.Where(entry => entry.Missing > 0)];

    /// <summary>Counts.</summary>
    /// <param name="requirements">What is required.</param>
    /// <param name="consents">Verified consents.</param>
    /// <param name="sender">The person who sends; null when it is not known, or does not matter.</param>
    /// <param name="distinct">Duties that are held by different people.</param>
    public static Tally Of(IReadOnlyList<Requirement> requirements, IReadOnlyList<Consent> consents, Operator? sender, IReadOnlyList<Duty> distinct)
    {
        var unused = new List<string>();
        var usable = new List<Consent>();
        foreach (var consent in consents)
        {
            var isApart = distinct.Contains(consent.Duty);
            if (isApart && sender is not null && consent.Person == sender && distinct.Contains(Duty.Executor))
            {
                unused.Add($"{consent.Person.Name} ({consent.Duty.Name()}) sends it, and {consent.Duty.Name()} and executor are different people");
            }
            else if (isApart && consent.Duty != Duty.Author && distinct.Contains(Duty.Author) && consents.Any(other => other.Person == consent.Person && other.Duty == Duty.Author))
            {
                unused.Add($"{consent.Person.Name} ({consent.Duty.Name()}) signed as its author, and author and {consent.Duty.Name()} are different people");
            }
            else
            {
                usable.Add(consent);
            }
        }

        // Kuhn's matching of people to places: small, and it never leaves a place open that could be filled.
        var places = requirements.SelectMany((requirement, index) => Enumerable.Repeat(index, requirement.Count)).ToList();
        var people = usable.Select(consent => consent.Person).Distinct().ToList();
        var seat = new int[places.Count];
        Array.Fill(seat, -1);
        for (var person = 0; person < people.Count; person++)
        {
            Sit(person, new bool[places.Count]);
        }

        var tallied = requirements.Select((requirement, index) => new TalliedRequirement(
            requirement,
            [.. Enumerable.Range(0, places.Count).Where(place => places[place] == index && seat[place] >= 0).Select(place => usable.First(consent => consent.Person == people[seat[place]] && requirement.Duties.Contains(consent.Duty)))])).ToList();
        var counted = tallied.SelectMany(entry => entry.By).ToList();
        unused.AddRange(usable.Where(consent => !counted.Contains(consent)).Select(consent =>
            counted.Exists(other => other.Person == consent.Person)
                ? $"{consent.Person.Name} ({consent.Duty.Name()}) counts already, and nobody counts twice"
                : $"{consent.Person.Name} ({consent.Duty.Name()}) is not needed for it"));
        return new Tally(tallied, unused);

        bool Sit(int person, bool[] asked)
        {
            for (var place = 0; place < places.Count; place++)
            {
                if (!asked[place] && usable.Exists(consent => consent.Person == people[person] && requirements[places[place]].Duties.Contains(consent.Duty)))
                {
                    asked[place] = true;
                    if (seat[place] < 0 || Sit(seat[place], asked))
                    {
                        seat[place] = person;
                        return true;
                    }
                }
            }

            return false;
        }
    }
}
