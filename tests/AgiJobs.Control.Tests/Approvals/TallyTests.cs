using AgiJobs.Control.Approvals;
using AgiJobs.Control.Workspaces;
using FsCheck;
using FsCheck.Fluent;

namespace AgiJobs.Control.Tests.Approvals;

public sealed class TallyTests
{
    private static readonly Duty[] Distinct = [Duty.Author, Duty.Approver, Duty.Executor];

    private static readonly Operator[] People = [.. Enumerable.Range(0, 5).Select(index => new Operator { Name = $"p{index}", Addresses = [Ethereum.Bytes32.FromUnsigned(index + 1).ToAddress()], Duties = [] })];

    [Fact]
    public void One_person_with_two_duties_is_not_two_people()
    {
        var tally = Count([One("approval", 1, Duty.Approver), One("sign-off", 1, Duty.Security)], [(0, Duty.Approver), (0, Duty.Security)]);
        Assert.False(tally.IsComplete);
        Assert.Single(tally.Missing);
        Assert.Contains("nobody counts twice", Assert.Single(tally.Unused), StringComparison.Ordinal);
    }

    [Fact]
    public void One_person_with_two_addresses_is_not_two_people()
    {
        var tally = Tally.Of([One("approval", 2, Duty.Approver)], [new Consent(People[0], Duty.Approver, People[0].Addresses[0]), new Consent(People[0], Duty.Approver, People[1].Addresses[0])], null, Distinct);
        Assert.Equal(1, Assert.Single(tally.Missing).Missing);
    }

    [Fact]
    public void The_author_approves_nothing() =>
        Assert.Equal("approval", Assert.Single(Count([One("author", 1, Duty.Author), One("approval", 1, Duty.Approver)], [(0, Duty.Author), (0, Duty.Approver), (1, Duty.Author)]).Missing).Requirement.What);

    [Fact]
    public void The_sender_approves_nothing_and_authors_nothing()
    {
        foreach (var duty in (Duty[])[Duty.Author, Duty.Approver])
        {
            Assert.Single(Count([One("it", 1, duty)], [(0, duty)], sender: 0).Missing);
            Assert.Empty(Count([One("it", 1, duty)], [(0, duty)], sender: 1).Missing);
        }

        Assert.Empty(Count([One("it", 1, Duty.Security)], [(0, Duty.Security)], sender: 0).Missing);
    }

    [Fact]
    public void A_person_is_put_where_nobody_else_can_be() =>
        Assert.True(Count([One("any", 1, Duty.Approver, Duty.Commander), One("commander", 1, Duty.Commander)], [(0, Duty.Commander), (1, Duty.Approver)]).IsComplete);

    [Fact]
    public void It_never_counts_more_people_than_there_are_and_always_finds_a_complete_count_where_there_is_one() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(
            (from consents in Gen.Elements(Enumerable.Range(0, 5).SelectMany(person => ((Duty[])[Duty.Security, Duty.Operator, Duty.Commander]).Select(duty => (person, duty)))).ListOf(6)
             from counts in Gen.Choose(0, 2).ListOf(3)
             select (consents: consents.ToList(), counts: counts.ToList())).ToArbitrary(),
            input =>
            {
                Requirement[] requirements = [One("a", input.counts[0], Duty.Security), One("b", input.counts[1], Duty.Operator, Duty.Commander), One("c", input.counts[2], Duty.Commander)];
                var tally = Count(requirements, [.. input.consents]);
                var used = tally.Requirements.SelectMany(entry => entry.By).ToList();
                Assert.Equal(used.Count, used.Select(consent => consent.Person.Name).Distinct(StringComparer.Ordinal).Count());
                Assert.All(tally.Requirements, entry => Assert.True(entry.By.Count <= entry.Requirement.Count && entry.By.All(consent => entry.Requirement.Duties.Contains(consent.Duty))));
                Assert.Equal(CanFill(requirements, input.consents), tally.IsComplete);
            }));

    // Every way to seat people, tried one after another.
    private static bool CanFill(Requirement[] requirements, List<(int Person, Duty Duty)> consents)
    {
        var places = requirements.SelectMany(requirement => Enumerable.Repeat(requirement, requirement.Count)).ToList();
        return Fill(0, []);

        bool Fill(int place, HashSet<int> taken) =>
            place == places.Count || consents.Where(consent => places[place].Duties.Contains(consent.Duty) && !taken.Contains(consent.Person)).Select(consent => consent.Person).Distinct().Any(person => Fill(place + 1, [.. taken, person]));
    }

    private static Requirement One(string what, int count, params Duty[] duties) => new(what, duties, count);

    private static Tally Count(Requirement[] requirements, (int Person, Duty Duty)[] consents, int? sender = null) =>
        Tally.Of(requirements, [.. consents.Select(consent => new Consent(People[consent.Person], consent.Duty, People[consent.Person].Addresses[0]))], sender is { } index ? People[index] : null, Distinct);
}
