/** Of at most seven letters each, so that the longest name with a number of four digits has 20 characters. */
export const ADJECTIVES = (
  "able agile amber ample apt arctic azure balmy bold brave breezy bright brisk bronze calm candid careful casual chilly " +
  "civic classy clean clear clever cobalt coral cordial cosmic cozy crisp curious dapper daring dashing deft eager early " +
  "earnest easy elegant exact fabled fair famous fancy fleet fluent fond frank free fresh frosty funny " +
  "gentle glad golden grand great handy happy hardy hearty honest humble ideal jolly jovial keen kind lively loyal lucid " +
  "lucky lunar mellow merry mighty mild modest neat nimble noble open orderly patient placid playful polite proud quick " +
  "quiet rapid ready rosy rugged rustic serene sharp shiny silent silver sleek smart smooth snug solar solid sound spry " +
  "stable steady stellar stoic sturdy sunny sure swift tactful tidy tough upbeat useful valiant vivid warm wise witty zesty"
).split(" ");

export const ANIMALS = (
  "ant auk badger bat bear beaver bee beetle bison boar bream bustard camel carp cat civet cobra cod condor coot crab " +
  "crane cricket crow curlew deer dingo dodo dog dove duck dunlin eagle eel egret eider elk emu ermine falcon ferret finch " +
  "fox frog gannet gazelle gecko gibbon gnu goat goose grebe grouse gull hare hawk heron hippo hoopoe horse hyena ibex ibis " +
  "iguana impala jackal jackdaw jaguar jay kestrel kite kiwi koala krill kudu lark lemming lemur leopard linnet lion lizard " +
  "llama lobster loon lynx macaw magpie mallard marmot marten mole moose moth mouse mule newt ocelot okapi orca oriole osprey " +
  "ostrich otter owl ox oyster panda panther parrot peacock pelican penguin perch pigeon pika pike plover polecat pony puffin " +
  "puma quail rabbit raccoon ram raven redwing robin rook ruff salmon seal shark sheep shrew shrimp siskin skate skink skua " +
  "sloth snail snake snipe sparrow squid stoat stork swan swift tapir tern thrush tiger toad toucan trout turtle viper " +
  "vole vulture wagtail walrus warbler wasp weasel whale whelk wigeon wolf wombat wren yak zebra"
).split(" ");
